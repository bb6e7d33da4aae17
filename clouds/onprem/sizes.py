"""Name the size of a virtual machine, which has no instance type of its own."""

MIB_PER_GIB = 1024


def size_name(vcpus: int, memory_mib: int) -> str:
    """As the catalogue of offers names it.

    >>> size_name(4, 8192)
    'vm-4-8'
    >>> size_name(1, 1536)
    'vm-1-1.5'
    """
    return f"vm-{vcpus}-{memory_mib / MIB_PER_GIB:g}"


def family_name(vcpus: int, memory_mib: int) -> str:
    """Sizes with the same memory per vCPU belong together.

    >>> family_name(4, 8192)
    'vm-x2'
    """
    return f"vm-x{memory_mib / MIB_PER_GIB / vcpus:g}"
