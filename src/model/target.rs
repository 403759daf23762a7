//! What a scraped target is called in `PromQL` and by those who get its series: `instance` and `job`.

use super::fluxbase::{FluxbasePart, JOB, MONITORING};
use super::{Check, Spec};

/// The `job` of a `fluxmq` check.
const FLUXMQ: &str = "fluxmq";

/// The labels of a target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TargetLabels {
    /// Host and port as Prometheus writes them; the name of the host where there is no one URL.
    pub instance: String,
    /// What kind of target it is: the name of its check, for those of the family its own word.
    pub job: String,
}

/// The labels of the series of a check; `None` when it has none.
#[must_use]
pub fn target_labels(check: &Check) -> Option<TargetLabels> {
    let url = match &*check.spec {
        Spec::Fluxbase(spec) if spec.part.has_series() => {
            let job = if spec.part == FluxbasePart::System { MONITORING } else { JOB };
            return Some(TargetLabels { instance: spec.instance(), job: job.to_owned() });
        }
        Spec::Scrape(spec) => Some(spec.endpoint.url.as_str()),
        Spec::Fluxmq(spec) => match spec.nodes.as_slice() {
            [one] => Some(one.url.as_str()),
            _ => None,
        },
        _ => return None,
    };
    let at = url.and_then(authority);
    let name = &*check.key.name;
    // A second target of a job on a host is called with its port.
    let port = at.as_ref().map(|(_, port)| format!(":{port}"));
    let job = port.and_then(|port| name.strip_suffix(&port)).unwrap_or(name);
    let job = if matches!(&*check.spec, Spec::Fluxmq(_)) { FLUXMQ } else { job };
    let instance = at.map(|(host, port)| format!("{host}:{port}"));
    let instance = instance.unwrap_or_else(|| check.key.host.to_string());
    Some(TargetLabels { instance, job: job.to_owned() })
}

/// Host and port of a URL; the port of its scheme when it names none.
fn authority(url: &str) -> Option<(String, u16)> {
    let url = url::Url::parse(url).ok()?;
    Some((url.host_str()?.to_owned(), url.port_or_known_default()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::fluxbase::FluxbaseSpec;

    #[test]
    fn fb_10_an_instance_is_called_by_its_app_server_whichever_part_is_scraped() {
        for (part, wanted) in [
            (FluxbasePart::Metrics, Some(("app:8080", JOB))),
            (FluxbasePart::All, Some(("app:8080", JOB))),
            (FluxbasePart::System, Some(("app:8080", MONITORING))),
            (FluxbasePart::Health, None),
            (FluxbasePart::Live, None),
        ] {
            let spec = FluxbaseSpec { part, ..FluxbaseSpec::at("http://app:8080") };
            let check = Check::new("fb-1", "metrics", "app", Spec::Fluxbase(spec));
            let labels = target_labels(&check);
            let labels = labels.as_ref().map(|one| (one.instance.as_str(), one.job.as_str()));
            assert_eq!(labels, wanted, "{part:?}");
        }
    }
}
