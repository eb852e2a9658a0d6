//! Calls of an engine, one after the other, while something happens to it.

use tests::Machine;

/// The calls under way.
pub struct Load;

/// What became of them.
#[derive(Debug, Default)]
pub struct Calls {
    pub made: usize,
    /// What was answered instead of 200.
    pub failed: Vec<String>,
    /// In seconds.
    pub slowest: f64,
}

const SCRIPT: &str = r"#!/bin/sh
while [ ! -e /run/load-ends ]; do
    curl --silent --max-time 30 --unix-socket /run/docker.sock -o /dev/null -w '%{http_code} %{time_total}\n' http://engine/v1.41/containers/json
done >>/run/load
";

impl Load {
    pub async fn start(machine: &Machine) -> Self {
        machine.write("/opt/load", SCRIPT, 0o755).unwrap();
        machine.done("systemd-run --quiet --unit=load /opt/load && until [ -s /run/load ]; do :; done").await.unwrap();
        Self
    }

    pub async fn end(self, machine: &Machine) -> Calls {
        machine.done("touch /run/load-ends; while systemctl is-active --quiet load; do :; done").await.unwrap();
        let lines = machine.done("cat /run/load; rm -f /run/load /run/load-ends /opt/load").await.unwrap();
        let mut calls = Calls::default();
        for line in lines.lines() {
            calls.made += 1;
            let (code, time) = line.split_once(' ').unwrap_or((line, "0"));
            if code != "200" {
                calls.failed.push(line.to_owned());
            }
            calls.slowest = calls.slowest.max(time.parse().unwrap_or(f64::MAX));
        }
        calls
    }
}
