"""What the Vulkan loader finds: one JSON object, with the devices and their limits, or why there are none."""

import ctypes
import json
import os
import sys

KINDS = ("other", "integrated", "discrete", "virtual", "processor")


class InstanceInfo(ctypes.Structure):
    """VkInstanceCreateInfo."""

    _fields_ = [
        ("type", ctypes.c_int), ("next", ctypes.c_void_p), ("flags", ctypes.c_uint32), ("application", ctypes.c_void_p),
        ("layer_count", ctypes.c_uint32), ("layers", ctypes.c_void_p),
        ("extension_count", ctypes.c_uint32), ("extensions", ctypes.c_void_p),
    ]


class ApplicationInfo(ctypes.Structure):
    """VkApplicationInfo."""

    _fields_ = [
        ("type", ctypes.c_int), ("next", ctypes.c_void_p), ("name", ctypes.c_char_p), ("version", ctypes.c_uint32),
        ("engine", ctypes.c_char_p), ("engine_version", ctypes.c_uint32), ("api_version", ctypes.c_uint32),
    ]


class Heap(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint64), ("flags", ctypes.c_uint32)]


class Memory(ctypes.Structure):
    """VkPhysicalDeviceMemoryProperties."""

    _fields_ = [
        ("type_count", ctypes.c_uint32), ("types", ctypes.c_uint32 * 64),
        ("heap_count", ctypes.c_uint32), ("heaps", Heap * 16),
    ]


def version(number: int) -> str:
    return f"{number >> 22 & 0x7F}.{number >> 12 & 0x3FF}.{number & 0xFFF}"


def describe(vulkan, device: int) -> dict:
    # VkPhysicalDeviceProperties: five numbers, a name of 256 bytes, a UUID of 16, then the limits.
    properties = (ctypes.c_uint32 * 512)()
    vulkan.vkGetPhysicalDeviceProperties(ctypes.c_void_p(device), properties)
    raw = bytes(properties)
    limits = properties[(20 + 256 + 16 + 4) // 4 :]  # Limits are aligned to 8 bytes.
    memory = Memory()
    vulkan.vkGetPhysicalDeviceMemoryProperties(ctypes.c_void_p(device), ctypes.byref(memory))
    return {
        "name": raw[20:276].split(b"\0")[0].decode(errors="replace"),
        "kind": KINDS[properties[4]] if properties[4] < len(KINDS) else "unknown",
        "vulkan": version(properties[0]),
        "driver": properties[1],
        "vendor": hex(properties[2]),
        "maxStorageBufferRange": limits[7],
        "heaps": [{"bytes": heap.size, "onDevice": bool(heap.flags & 1)} for heap in memory.heaps[: memory.heap_count]],
    }


def find() -> dict:
    try:
        vulkan = ctypes.CDLL("libvulkan.so.1")
    except OSError as error:
        return {"problem": str(error)}
    # Vulkan 1.1.
    application = ApplicationInfo(0, None, b"landlens", 0, b"", 0, 1 << 22 | 1 << 12)
    info = InstanceInfo(1, None, 0, ctypes.addressof(application), 0, None, 0, None)
    instance = ctypes.c_void_p()
    status = vulkan.vkCreateInstance(ctypes.byref(info), None, ctypes.byref(instance))
    if status != 0:
        return {"problem": f"vkCreateInstance returned {status}: no driver that works"}
    count = ctypes.c_uint32(0)
    vulkan.vkEnumeratePhysicalDevices(instance, ctypes.byref(count), None)
    devices = (ctypes.c_void_p * max(1, count.value))()
    status = vulkan.vkEnumeratePhysicalDevices(instance, ctypes.byref(count), devices)
    if count.value == 0:
        return {"problem": f"no device (vkEnumeratePhysicalDevices returned {status})"}
    return {"devices": [describe(vulkan, devices[i]) for i in range(count.value)]}


found = find()
found["VK_DRIVER_FILES"] = os.environ.get("VK_DRIVER_FILES", "")
print(json.dumps(found))
sys.exit("devices" not in found)
