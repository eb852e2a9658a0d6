# Runs an engine in a mount namespace of its own, so that what an engine writes outside its
# data root stays here. $1: the directory with the plugin's socket. The rest: the command.
set -e
plugins=$1
shift
mount -t tmpfs tmpfs /run
mkdir -p /run/docker/plugins
mount --bind "$plugins" /run/docker/plugins
# The engine keeps a key in /etc/docker, its containerd makes /opt/containerd.
for dir in /etc /opt; do
    [ -d "$dir" ] || continue
    mkdir -p "/run/private$dir/upper" "/run/private$dir/work"
    mount -t overlay -o "lowerdir=$dir,upperdir=/run/private$dir/upper,workdir=/run/private$dir/work" overlay "$dir"
done
exec "$@"
