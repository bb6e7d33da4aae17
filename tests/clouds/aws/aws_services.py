"""One of each kind that is rented beside machines, in moto; what moto lacks is answered for it."""

import json
from typing import Any

from aws_emulator import HOME, Emulator, Given, to

TAGS = [{"Key": "team", "Value": "web"}]
TRUST = {"Effect": "Allow", "Principal": {"Service": "sagemaker.amazonaws.com"},
         "Action": "sts:AssumeRole"}  # fmt: skip


def fill(aws: Emulator, region: str, account: str = HOME) -> None:
    """Everything, once."""

    def client(service: str) -> Any:
        return aws.client(service, region, account)

    _stores(client, region)
    _jobs(client, account)
    _links(client)
    _rest(aws, client, region, account)
    aws.given[:0] = _beyond_moto(client, region, account)


def _stores(client: Any, region: str) -> None:
    throughput = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}
    client("dynamodb").create_table(
        TableName="orders", KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        ProvisionedThroughput=throughput, Tags=TAGS,
    )  # fmt: skip
    client("application-autoscaling").register_scalable_target(
        ServiceNamespace="dynamodb", ResourceId="table/orders",
        ScalableDimension="dynamodb:table:ReadCapacityUnits", MinCapacity=1, MaxCapacity=9,
    )  # fmt: skip
    client("elasticache").create_cache_cluster(
        CacheClusterId="sessions", Engine="redis", CacheNodeType="cache.t3.micro", NumCacheNodes=1
    )
    client("redshift").create_cluster(
        ClusterIdentifier="facts", NodeType="ra3.large", MasterUsername="root",
        MasterUserPassword="Not-for-tables1", ClusterType="single-node", Tags=TAGS,
    )  # fmt: skip
    client("kinesis").create_stream(
        StreamName="clicks", StreamModeDetails={"StreamMode": "ON_DEMAND"}
    )
    client("efs").create_file_system(CreationToken="t", Tags=[{"Key": "Name", "Value": "home"}])
    client("ecr").create_repository(repositoryName="shop/web", tags=TAGS)
    rds = client("rds")
    rds.create_db_instance(
        DBInstanceIdentifier="gone", DBInstanceClass="db.t3.micro", Engine="mysql",
        AllocatedStorage=20, MasterUsername="root", MasterUserPassword="not-for-tables",
    )  # fmt: skip
    rds.create_db_snapshot(DBInstanceIdentifier="gone", DBSnapshotIdentifier="last", Tags=TAGS)


def _jobs(client: Any, account: str) -> None:
    client("emr").run_job_flow(
        Name="nightly", Instances={"InstanceCount": 1, "MasterInstanceType": "m5.xlarge",
                                   "KeepJobFlowAliveWhenNoSteps": True},
        JobFlowRole="EMR_EC2_DefaultRole", ServiceRole="EMR_DefaultRole", ReleaseLabel="emr-7.1.0",
        Tags=TAGS,
    )  # fmt: skip
    learner, role = client("sagemaker"), f"arn:aws:iam::{account}:role/ml"
    client("iam").create_role(
        RoleName="ml",
        AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [TRUST]}),
    )
    learner.create_model(ModelName="m", ExecutionRoleArn=role)
    learner.create_endpoint_config(
        EndpointConfigName="c",
        ProductionVariants=[{"VariantName": "all", "ModelName": "m", "InitialInstanceCount": 2,
                             "InstanceType": "ml.m5.large"}],
    )  # fmt: skip
    learner.create_endpoint(EndpointName="churn", EndpointConfigName="c")
    containers = client("ecs")
    containers.create_cluster(clusterName="apps")
    containers.register_task_definition(
        family="web", containerDefinitions=[{"name": "web", "image": "web", "memory": 128}]
    )
    containers.create_service(
        cluster="apps", serviceName="web", taskDefinition="web", desiredCount=2,
        launchType="FARGATE", tags=[{"key": "team", "value": "web"}],
    )  # fmt: skip


def _links(client: Any) -> None:
    ec2 = client("ec2")
    subnet = ec2.describe_subnets()["Subnets"][0]
    ec2.create_vpc_endpoint(
        VpcId=subnet["VpcId"], ServiceName="com.amazonaws.eu-west-1.ssm",
        VpcEndpointType="Interface", SubnetIds=[subnet["SubnetId"]],
    )  # fmt: skip
    ec2.create_network_interface(SubnetId=subnet["SubnetId"], Description="left over")
    gateway = ec2.create_vpn_gateway(Type="ipsec.1")["VpnGateway"]["VpnGatewayId"]
    peer = ec2.create_customer_gateway(Type="ipsec.1", PublicIp="192.0.2.1", BgpAsn=65000)
    ec2.create_vpn_connection(
        Type="ipsec.1", VpnGatewayId=gateway,
        CustomerGatewayId=peer["CustomerGateway"]["CustomerGatewayId"],
    )  # fmt: skip
    client("network-firewall").create_firewall(
        FirewallName="edge", VpcId=subnet["VpcId"], SubnetMappings=[],
        FirewallPolicyArn="arn:aws:network-firewall:eu-west-1:1:firewall-policy/p",
    )  # fmt: skip


def _rest(aws: Emulator, client: Any, region: str, account: str) -> None:
    bucket = f"trails-{account}-{region}"
    given = {} if region == "us-east-1" else {
        "CreateBucketConfiguration": {"LocationConstraint": region}}  # fmt: skip
    client("s3").create_bucket(Bucket=bucket, **given)
    client("cloudtrail").create_trail(Name="all", S3BucketName=bucket, IsMultiRegionTrail=True)
    names = aws.client("route53", "us-east-1", account)
    zone = names.create_hosted_zone(Name="acme.example", CallerReference="zone")["HostedZone"]["Id"]
    used, _ = (
        names.create_health_check(
            CallerReference=name,
            HealthCheckConfig={"Type": "HTTPS", "FullyQualifiedDomainName": name},
        )["HealthCheck"]["Id"]
        for name in ("used.example", "left.example")
    )
    record = {
        "Name": "www.acme.example", "Type": "A", "SetIdentifier": "a", "Weight": 1, "TTL": 60,
        "HealthCheckId": used, "ResourceRecords": [{"Value": "192.0.2.7"}],
    }  # fmt: skip
    names.change_resource_record_sets(
        HostedZoneId=zone,
        ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]},
    )


def _beyond_moto(client: Any, region: str, account: str) -> list[Given]:
    """A reservation of machines, a paused warehouse and a desktop, as AWS documents them."""

    def here(service: str, action: str) -> Any:
        return lambda call: to(service, action, region)(call) and call.account == account

    arn = f"arn:aws:ec2:{region}:{account}:capacity-reservation/cr-1"
    return [
        Given(here("ec2", "DescribeCapacityReservations"),
              "<DescribeCapacityReservationsResponse><capacityReservationSet><item>"
              f"<capacityReservationId>cr-1</capacityReservationId><ownerId>{account}</ownerId>"
              f"<capacityReservationArn>{arn}</capacityReservationArn>"
              "<instanceType>m5.large</instanceType><totalInstanceCount>4</totalInstanceCount>"
              "<availableInstanceCount>3</availableInstanceCount><state>active</state>"
              "<createDate>2026-01-02T03:04:05.000Z</createDate></item></capacityReservationSet>"
              "</DescribeCapacityReservationsResponse>"),
        Given(here("redshift", "DescribeScheduledActions"),
              "<DescribeScheduledActionsResponse><DescribeScheduledActionsResult><ScheduledActions>"
              "<ScheduledAction><ScheduledActionName>night</ScheduledActionName><TargetAction>"
              "<PauseCluster><ClusterIdentifier>facts</ClusterIdentifier></PauseCluster>"
              "</TargetAction><State>ACTIVE</State></ScheduledAction></ScheduledActions>"
              "</DescribeScheduledActionsResult></DescribeScheduledActionsResponse>"),
        Given(here("workspaces", "DescribeWorkspacesConnectionStatus"), json.dumps({
            "WorkspacesConnectionStatus": [
                {"WorkspaceId": "ws-1", "LastKnownUserConnectionTimestamp": 1770000000},
                {"WorkspaceId": "ws-2"},
            ]}), "application/x-amz-json-1.1"),
        Given(here("workspaces", "DescribeWorkspaces"), json.dumps({"Workspaces": [
            {"WorkspaceId": "ws-1", "DirectoryId": "d-1", "UserName": "ann", "State": "AVAILABLE",
             "WorkspaceProperties": {"RunningMode": "ALWAYS_ON", "ComputeTypeName": "STANDARD"}},
            {"WorkspaceId": "ws-2", "DirectoryId": "d-1", "UserName": "bob", "State": "STOPPED",
             "WorkspaceProperties": {"RunningMode": "AUTO_STOP"}},
            {"WorkspaceId": "ws-3", "State": "TERMINATED"},
        ]}), "application/x-amz-json-1.1"),
    ]  # fmt: skip
