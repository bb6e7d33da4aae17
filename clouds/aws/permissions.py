"""The least that we need in an AWS account, as an IAM policy."""

import json
from collections.abc import Mapping
from typing import Any

from clouds.demo.permissions import PERMISSIONS

READS: Mapping[str, tuple[str, ...]] = {
    "credentials": ("sts:GetCallerIdentity",),
    "bills": ("ce:GetCostAndUsage", "s3:GetObject", "s3:ListBucket"),
    "inventory": (
        "application-autoscaling:DescribeScalableTargets", "autoscaling:DescribeAutoScalingGroups",
        "cloudfront:ListDistributions", "cloudtrail:DescribeTrails",
        "cloudtrail:GetEventSelectors", "dynamodb:DescribeTable", "dynamodb:ListTables",
        "ec2:DescribeAddresses", "ec2:DescribeCapacityReservations", "ec2:DescribeImages",
        "ec2:DescribeInstances", "ec2:DescribeNatGateways", "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeRegions", "ec2:DescribeRouteTables", "ec2:DescribeSecurityGroups",
        "ec2:DescribeSnapshots", "ec2:DescribeSubnets", "ec2:DescribeVolumes",
        "ec2:DescribeVpcEndpoints", "ec2:DescribeVpcs", "ec2:DescribeVpnConnections",
        "ecr:DescribeImages", "ecr:DescribeRepositories", "ecr:GetLifecyclePolicy",
        "ecs:DescribeClusters", "ecs:DescribeServices", "ecs:ListClusters", "ecs:ListServices",
        "eks:DescribeCluster", "eks:ListClusters", "elasticache:DescribeCacheClusters",
        "elasticfilesystem:DescribeFileSystems",
        "elasticfilesystem:DescribeLifecycleConfiguration",
        "elasticloadbalancing:DescribeLoadBalancers", "elasticloadbalancing:DescribeTags",
        "elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetHealth",
        "elasticmapreduce:DescribeCluster", "elasticmapreduce:ListClusters",
        "iam:GetAccessKeyLastUsed", "iam:ListAccessKeys", "iam:ListUsers", "kinesis:ListStreams",
        "lambda:ListFunctions", "logs:DescribeLogGroups", "network-firewall:ListFirewalls",
        "organizations:DescribeOrganization", "organizations:ListAccounts",
        "rds:DescribeDBClusterSnapshots", "rds:DescribeDBInstances", "rds:DescribeDBSnapshots",
        "redshift:DescribeClusters", "redshift:DescribeScheduledActions",
        "route53:ListHealthChecks", "route53:ListHostedZones", "route53:ListResourceRecordSets",
        "s3:GetBucketAcl", "s3:GetBucketPolicyStatus", "s3:GetBucketPublicAccessBlock",
        "s3:GetBucketTagging", "s3:GetBucketVersioning", "s3:GetLifecycleConfiguration",
        "s3:ListAllMyBuckets", "sagemaker:DescribeEndpoint", "sagemaker:ListEndpoints",
        "secretsmanager:ListSecrets", "tag:GetResources", "workspaces:DescribeWorkspaces",
        "workspaces:DescribeWorkspacesConnectionStatus",
    ),
    "metrics": ("cloudwatch:GetMetricData", "cloudwatch:ListMetrics"),
    "prices": (
        "ec2:DescribeSpotPriceHistory", "pricing:GetProducts",
        "savingsplans:DescribeSavingsPlansOfferingRates",
    ),
    "commitments": (
        "ec2:DescribeReservedInstances", "rds:DescribeReservedDBInstances",
        "savingsplans:DescribeSavingsPlans",
    ),
}  # fmt: skip
"""What every reader's calls need, by ability; STS answers `credentials` to anybody."""

ALWAYS = "credentials"  # allowed without a policy
EXPORTS = ["arn:aws:s3:::NAME-OF-YOUR-EXPORT-BUCKET", "arn:aws:s3:::NAME-OF-YOUR-EXPORT-BUCKET/*"]


def policy(write: bool) -> str:
    """The IAM policy for reading, or the one that changes need besides, as JSON.

    Reading bills is limited to one bucket, whose name is to be filled in.
    """
    statements = _writes() if write else _reads()
    return json.dumps({"Version": "2012-10-17", "Statement": statements}, indent=2)


def _reads() -> list[dict[str, Any]]:
    exports = [action for action in READS["bills"] if action.startswith("s3:")]
    everywhere = {**READS, "bills": [each for each in READS["bills"] if each not in exports]}
    return [
        _statement("exports", exports, EXPORTS),
        *(
            _statement(ability, actions, "*")
            for ability, actions in everywhere.items()
            if ability != ALWAYS
        ),
    ]


def _writes() -> list[dict[str, Any]]:
    return [
        _statement(
            f"change_{kind}", sorted({each for verb in verbs.values() for each in verb}), "*"
        )
        for (cloud, kind), verbs in PERMISSIONS.items()
        if cloud == "aws"
    ]


def _statement(name: str, actions: Any, resources: Any) -> dict[str, Any]:
    words = "".join(word.capitalize() for word in name.split("_"))
    return {"Sid": words, "Effect": "Allow", "Action": list(actions), "Resource": resources}
