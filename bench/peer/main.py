"""The peer's process: one JSON message a line on stdin, one answer a line on stdout.

open  {network, classes, target, radius, arrays, weights}  loads a network and the arrays
      (raw little-endian float32 files, described in the message)
run   {task, keep?, fresh?}   runs one task once: {seconds, start, peak}, memory in bytes; keep is a path for what it
      returned; fresh gives freed memory back first, so that the peak is the task's own (and the run slower)
forget {}             frees what the tasks before left
precision {tf32}      whether CUDA's convolutions may round their factors to 10 bits (PyTorch's default): {tf32, matmul}
peak  {}              the best rate of torch.mm over several sizes, GFLOP/s

main.py THREADS MEMORY [DEVICE]   memory in bytes, on the processor alone; device: cpu (default), cuda, or auto: cuda
                                  where there is one
"""

import ctypes
import gc
import json
import os
import platform
import signal
import sys
import time
import warnings
from pathlib import Path

import captum
import numpy as np
import torch
from tasks import Subject, tasks


def limit_memory(limit: int) -> None:
    """Beyond the limit an allocation fails, which is told from other errors, instead of the machine."""
    if sys.platform == "linux":
        import resource

        # The libraries' own address space does not count.
        limit += status("VmSize")
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def status(key: str) -> int:
    """A figure of /proc/self/status in bytes; 0 where there is none."""
    try:
        with open("/proc/self/status") as file:
            return next(int(line.split()[1]) * 1024 for line in file if line.startswith(key))
    except OSError:
        return 0


def reset_peak(fresh: bool) -> None:
    gc.collect()
    if sys.platform == "linux":
        try:
            if fresh:
                ctypes.CDLL("libc.so.6").malloc_trim(0)
            with open("/proc/self/clear_refs", "w") as file:
                file.write("5")
        except (OSError, AttributeError):
            pass


def is_memory(error: Exception) -> bool:
    text = str(error).lower()
    return isinstance(error, MemoryError) or any(
        phrase in text for phrase in ("can't allocate memory", "cannot allocate memory", "not enough memory", "bad_alloc",
                                      "out of memory", "std::bad_alloc", "defaultcpuallocator", "could not create a memory")
    )


def read_tensors(path: str, entries: list[dict]) -> dict[str, torch.Tensor]:
    """By name; offsets count values, not bytes."""
    values = np.fromfile(path, "<f4")
    tensors = {}
    for entry in entries:
        size = int(np.prod(entry["shape"]))
        part = values[entry["offset"] : entry["offset"] + size]
        tensors[entry["name"]] = torch.from_numpy(part.reshape(entry["shape"]).copy())
    return tensors


def write_tensor(path: str, tensor: torch.Tensor) -> dict:
    """Writes one array and returns its entry."""
    array = np.ascontiguousarray(tensor.detach().cpu().numpy(), "<f4")
    Path(path).write_bytes(array.tobytes())
    return {"name": "result", "shape": list(array.shape), "offset": 0}


class Peer:
    def __init__(self, device: str):
        self.device, self.subject = device, None
        self.key, self.run_task = None, None

    def open(self, message: dict) -> dict:
        files = (message["arrays"], message["weights"])
        arrays, weights = (read_tensors(file["path"], file["entries"]) for file in files)
        self.subject, self.key, self.run_task = Subject(message, arrays, weights, self.device), None, None
        return {}

    def run(self, message: dict) -> dict:
        task, key = message["task"], json.dumps(message["task"])
        # What a task prepares (hooks, copies of images, an optimiser) is not timed, and stays for its next run.
        if key != self.key:
            self.run_task = None
            self.key, self.run_task = key, tasks[task["kind"]](self.subject, task)
        reset_peak(message.get("fresh", False))
        start = status("VmRSS")
        self.synchronise()
        since = time.perf_counter()
        try:
            result = self.run_task()
            self.synchronise()
        except Exception:
            # Hooks may have been left behind.
            self.key, self.run_task = None, None
            self.subject.load_network()
            raise
        seconds = time.perf_counter() - since
        answer = {"seconds": seconds, "start": start, "peak": status("VmHWM")}
        if "keep" in message and result is not None:
            answer["result"] = write_tensor(message["keep"], result)
        return answer

    def synchronise(self) -> None:
        """Waits for what the GPU was asked to do: calls return before it is done."""
        if self.device == "cuda":
            torch.cuda.synchronize()

    def forget(self, _: dict) -> dict:
        self.key, self.run_task = None, None
        if self.device == "cuda":
            torch.cuda.empty_cache()
        return {}

    def precision(self, message: dict) -> dict:
        torch.backends.cudnn.allow_tf32 = message["tf32"]
        return {"tf32": torch.backends.cudnn.allow_tf32, "matmul": torch.get_float32_matmul_precision()}

    def peak(self, _: dict) -> dict:
        best, best_size = 0.0, 0
        for size in (512, 1024, 2048):
            a, b = torch.rand(size, size), torch.rand(size, size)
            with torch.inference_mode():
                torch.mm(a, b)
                for _ in range(max(3, (2048 // size) * 5)):
                    since = time.perf_counter()
                    torch.mm(a, b)
                    rate = 2 * size**3 / (time.perf_counter() - since) / 1e9
                    if rate > best:
                        best, best_size = rate, size
        return {"gflops": best, "size": best_size}


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    warnings.filterwarnings("ignore")
    # Whatever a library prints must not come between the answers.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    torch.set_num_threads(int(sys.argv[1]))
    torch.manual_seed(0)
    device = sys.argv[3] if len(sys.argv) > 3 else "cpu"
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    # CUDA maps far more address space than it takes of main memory.
    if device == "cpu":
        limit_memory(int(sys.argv[2]))
    peer = Peer(device)
    versions = {"torch": torch.__version__, "captum": captum.__version__, "python": platform.python_version()}
    if device == "cuda":
        versions |= {"cuda": torch.version.cuda, "cudnn": str(torch.backends.cudnn.version())}
        versions["gpu"] = torch.cuda.get_device_name()
    greeting = {"versions": versions, "threads": torch.get_num_threads(), "device": device}
    answers.write(json.dumps(greeting) + "\n")
    for line in sys.stdin:
        message = json.loads(line)
        try:
            answer = getattr(peer, message["command"])(message)
        except Exception as error:
            text = f"{type(error).__name__}: {str(error)[:300]}"
            answer = {"error": {"kind": "memory" if is_memory(error) else "other", "message": text}}
        answers.write(json.dumps(answer) + "\n")


main()
