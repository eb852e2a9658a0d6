# Runs a Debian release's engine in the root directory made for it, which stays as it is.
# $1: that root. $2: the engine's directory in the lab. $3: the directory with the plugin's
# socket. The rest: the command. Runs in mount and process-id namespaces of its own.
set -e
root=$1
lab=$2
plugins=$3
shift 3

mount -t tmpfs tmpfs "$lab/stage"
mkdir "$lab/stage/upper" "$lab/stage/work" "$lab/stage/root"
mount -t overlay -o "lowerdir=$root,upperdir=$lab/stage/upper,workdir=$lab/stage/work" overlay "$lab/stage/root"
cd "$lab/stage/root"

mount -t proc proc proc
mount -t sysfs sysfs sys # this network's own
mount --rbind /sys/fs/cgroup sys/fs/cgroup
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mkdir -p run/docker/plugins run/lab var/lib/docker etc/docker .old
mount --bind "$plugins" run/docker/plugins
mount --bind "$lab/run" run/lab
[ -z "${LAB_IN_MEMORY:-}" ] || mount -t tmpfs tmpfs "$lab/data"
mount --bind "$lab/data" var/lib/docker # overlays do not stack on an overlay
cp "$lab/daemon.json" etc/docker/daemon.json
cp "$lab/resolv.conf" etc/resolv.conf

# Not `chroot`: `docker exec` would land outside.
pivot_root . .old
umount -l /.old
exec "$@"
