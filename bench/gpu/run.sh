#!/bin/sh
# Unpacks what lies beside it, finds the GPU's Vulkan driver, and runs the check: sh run.sh OUT [options]; --help.
#
#   VK_DRIVER_FILES   the description (.json) of the Vulkan driver; looked for where it is not set
#   GPU_LIBRARIES     more folders of the driver's libraries, separated by colons
#   GPU_WORK          where to unpack, about 200 MB; default a temporary folder, removed at the end
#   GPU_LIMIT         seconds after which everything is ended, default 330
set -u
here=$(cd "$(dirname "$0")" && pwd)
if [ -n "${GPU_WORK:-}" ]; then work=$GPU_WORK; mkdir -p "$work"
else work=$(mktemp -d) && trap 'rm -rf "$work"' EXIT; fi
case "${1:---help}" in -*) out=$work ;; *) out=$1 ;; esac
mkdir -p "$out"

# By Python, as xz may be missing; a Python without lzma leaves it to tar.
python3 - "$work" "$here"/*.tar* <<'END' ||
import sys, tarfile
for archive in sys.argv[2:]:
    with tarfile.open(archive) as tar:
        tar.extractall(sys.argv[1], **({"filter": "tar"} if hasattr(tarfile, "tar_filter") else {}))
END
  for archive in "$here"/*.tar*; do tar -xf "$archive" -C "$work" || exit 1; done

# The carried loader comes first. The carried libraries of the X Window System, which NVIDIA's driver is linked with,
# serve where the machine has none; no folder of the system is named here, since it would come before PyTorch's own.
for file in "$work"/display/*; do
  if ldconfig -p 2>/dev/null | grep -q "/${file##*/}\$"; then rm "$file"; fi
done
LD_LIBRARY_PATH=$work/vulkan${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}${GPU_LIBRARIES:+:$GPU_LIBRARIES}
for folder in /usr/local/nvidia/lib64 /usr/local/nvidia/lib "$work/display"; do
  if [ -d "$folder" ]; then LD_LIBRARY_PATH=$LD_LIBRARY_PATH:$folder; fi
done
export LD_LIBRARY_PATH

# The first description with which the loader finds a GPU; the last try is the loader's own search.
if [ -z "${VK_DRIVER_FILES:-}" ]; then
  n=0
  for library in libGLX_nvidia.so.0 libEGL_nvidia.so.0; do
    n=$((n + 1))
    printf '{"file_format_version": "1.0.0", "ICD": {"library_path": "%s", "api_version": "1.3.0"}}\n' \
      "$library" >"$work/nvidia_$n.json"
  done
  for file in \
    /usr/local/nvidia/share/vulkan/icd.d/*nvidia*.json /usr/share/vulkan/icd.d/*nvidia*.json \
    /etc/vulkan/icd.d/*nvidia*.json /usr/share/vulkan/icd.d/*.json /etc/vulkan/icd.d/*.json \
    "$work"/nvidia_1.json "$work"/nvidia_2.json; do
    [ -f "$file" ] || continue
    found=$(VK_DRIVER_FILES=$file timeout 20 python3 "$work/bench/gpu/vulkan.py" 2>&1)
    echo "vulkan $file: $found" >>"$out/vulkan.txt"
    case $found in *'"kind": "discrete"'* | *'"kind": "integrated"'* | *'"kind": "virtual"'*)
      VK_DRIVER_FILES=$file
      export VK_DRIVER_FILES
      break
      ;;
    esac
  done
fi
if ! timeout 20 python3 "$work/bench/gpu/vulkan.py" >>"$out/vulkan.txt" 2>&1; then
  # Why there is none, for whoever has to mend it.
  {
    VK_LOADER_DEBUG=error,warn,driver timeout 20 python3 "$work/bench/gpu/vulkan.py"
    ls -l /usr/local/nvidia/share/vulkan/icd.d /usr/share/vulkan/icd.d /etc/vulkan/icd.d
    for library in libGLX_nvidia.so.0 libEGL_nvidia.so.0; do
      timeout 20 find / -xdev -name "$library*" -not -path '/proc/*' 2>/dev/null | while read -r file; do
        echo "$file"
        ldd "$file" | grep 'not found'
      done
    done
  } >>"$out/vulkan.txt" 2>&1
fi
tail -n 1 "$out/vulkan.txt"

export PYTHONPATH="$work/site${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1
timeout -k 5 "${GPU_LIMIT:-330}" "$work/bin/node" "$work/bench/gpu/check.js" "$@"
