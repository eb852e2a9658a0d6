# Boots a root directory as a machine, with a layer over it that takes every change.
# $1: the root; $2: a directory for the layer; $3: the machine's name. Called in a mount namespace of its own, which takes
# the mounts with it however it ends.
set -e
root=$1 layer=$2 name=$3
mkdir -p "$layer/upper" "$layer/work" "$layer/root" "$layer/docker" "$layer/containerd"
mount -t overlay overlay -o "lowerdir=$root,upperdir=$layer/upper,workdir=$layer/work" "$layer/root"
# nspawn's own notes, which one that is killed leaves behind.
mount -t tmpfs -o mode=755 tmpfs /run
# An engine cannot put layers of its own over a layer, so its directories are plain ones.
# @keyring, bpf: runc and units' limits on devices and addresses use them, as on any machine.
# SIGKILL: what is thrown away need not be stopped in order.
SYSTEMD_NSPAWN_UNIFIED_HIERARCHY=1 exec systemd-nspawn --quiet --register=no --keep-unit --private-network \
    --system-call-filter='@keyring bpf' --kill-signal=SIGKILL --link-journal=no --resolv-conf=off --timezone=off \
    --directory="$layer/root" --machine="$name" --hostname=machine \
    --bind="$layer/docker:/var/lib/docker" --bind="$layer/containerd:/var/lib/containerd" \
    --boot --console=pipe
