//! A local user without any right who wants root to do something, or not to be done with it.

use crate::site::Site;

/// What she put everywhere where a command of root looks: programs, units, settings that call themselves an engine's.
const TRAPS: &str = r#"
useradd --create-home --shell /bin/sh eve
cd /home/eve
# Settings: a FIFO that nobody writes to.
mkdir -p .config/systemd/user/docker.service.d .config/docker
mkfifo .config/docker/daemon.json
printf '[Service]\nExecStart=/usr/bin/dockerd-rootless.sh --config-file=/home/eve/bait.json\n' >.config/systemd/user/docker.service
mkfifo .config/systemd/user/docker.service.d/wait.conf
# A file that asks for an edit, in a directory of hers.
printf '{"authorization-plugins": ["pullgate"]}' >bait.json
printf '# hers\n[Unit]\nWants=pullgate-proxy.socket\n' >.config/systemd/user/docker.service.d/zz-pullgate.conf
# A process that is called as an engine, whose program is another by now.
cp /bin/sleep dockerd
chown -R eve: .
setpriv --reuid=eve --clear-groups sh -c 'exec -a dockerd ./dockerd 100000' >/dev/null 2>&1 &
until pgrep -u eve >/dev/null; do :; done
printf '#!/bin/sh\nid -u >/run/as-root 2>/dev/null; echo Docker version 99.0.0\n' >new
chmod 755 new
chown eve: new
mv new dockerd
"#;

/// Everything of hers.
const HERS: &str = "cd /home/eve; find . ! -name . -printf '%p %y %m %U %G %T@\\n'; sha256sum bait.json dockerd \
                    .config/systemd/user/docker.service.d/zz-pullgate.conf; ls /run/as-root 2>&1; true";

/// Sets the traps; gives how everything of hers is.
pub async fn sets_traps(site: &Site) -> String {
    // `sh -c` of dash knows no `exec -a`.
    let traps = TRAPS.replace("sh -c 'exec -a", "bash -c 'exec -a");
    site.machine.write("/opt/traps", traps, 0o755).unwrap();
    site.machine.done("bash /opt/traps </dev/null >/run/traps 2>&1 || { cat /run/traps; exit 1; }").await.unwrap();
    is(site).await
}

/// How everything of hers is.
pub async fn is(site: &Site) -> String {
    site.machine.done(HERS).await.unwrap()
}
