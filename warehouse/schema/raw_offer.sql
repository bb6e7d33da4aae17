-- One row per reader, cloud and instance type that could be rented; null = unknown.
create table if not exists raw.offer (
    read_by VARCHAR, -- the configured source; null = the catalogue that travels with the package
    cloud VARCHAR,
    instance_type VARCHAR,
    family VARCHAR,
    vcpus DOUBLE,
    memory_gib DOUBLE,
    arch VARCHAR, -- x86_64, arm64
    burstable BOOLEAN,
    gpu_count DOUBLE,
    local_storage_gb DOUBLE,
    network_gbps DOUBLE, -- baseline
    current_generation BOOLEAN,
    source VARCHAR, -- who states it
    cpu_vendor VARCHAR, -- intel, amd, aws, apple
    clock_ghz DOUBLE, -- sustained
    gpu_model VARCHAR, -- lower case
    gpu_memory_gib DOUBLE, -- of all GPUs together
    accelerator_count DOUBLE, -- chips for inference, training or FPGA that are no GPU
    network_peak_gbps DOUBLE,
    network_interfaces DOUBLE,
    ebs_mbps DOUBLE, -- baseline to network disks, Mbit/s
    ebs_iops DOUBLE, -- baseline
    bare_metal BOOLEAN,
    features VARCHAR[] -- ena, nvme, hibernation, hypervisor:nitro, ...
);
