//! `POST /volumes/create` and `POST /networks/create`: what their drivers open.

use super::{
    asked::{Asked, Result},
    containers::hidden,
    host_config::{Host, VolumeDriver, nullable},
    json::Json,
};
use crate::action::Governed;

/// A local volume may be a mount of anything on the host.
pub(super) fn create(asked: &Asked<'_>) -> Result<Governed> {
    let mut driver = VolumeDriver::default();
    let mut json = Json::new(asked.request.body);
    let read = nullable(&mut json, |json| {
        json.object(&["Driver", "DriverOpts"], |json, field| match field {
            0 => json.string_into(&mut driver.name),
            _ => driver.options(json),
        })
    });
    let mut governed = asked.governed(alloc::vec::Vec::new());
    match read {
        Ok(()) => driver.judge(&mut governed.reach, &mut governed.paths),
        Err(_) => governed.reach.push(hidden()),
    }
    Ok(governed)
}

/// A driver's name may be a path.
pub(super) fn network(asked: &Asked<'_>) -> Result<Governed> {
    let mut host = Host::default();
    let mut json = Json::new(asked.request.body);
    let read = nullable(&mut json, |json| {
        json.object(&["Driver", "IPAM"], |json, field| match field {
            0 => host.driver(json),
            _ => nullable(json, |json| json.object(&["Driver"], |json, _| host.driver(json))),
        })
    });
    if read.is_err() {
        host.reach.push(hidden());
    }
    Ok(Governed { reach: host.reach, ..asked.governed(alloc::vec::Vec::new()) })
}
