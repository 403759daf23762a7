//! Whether what a test measured is well by itself, whatever limits there are (SPEC D-07, D-24).
//!
//! Rates, times and losses are held against limits in [`breach`](super::breach); here it is whether
//! the target answered at all.

use crate::model::test::{PortProtocol, PortState};
use crate::model::words::plural;
use crate::model::{Measured, TestSpec};

/// What is not well, in words; nothing when the target answered. Of UDP silence is well unless an
/// answer was expected, for then the silence had failed the test.
#[must_use]
pub fn trouble(spec: &TestSpec, measured: &Measured) -> Option<String> {
    match measured {
        Measured::Speedtest(_) => None,
        Measured::Trace(report) => (!report.reached).then(|| {
            let hops = plural(u32::try_from(report.hops.len()).unwrap_or(u32::MAX), "hop");
            format!("the target does not answer, {hops}: {}", report.verdict)
        }),
        Measured::Probe(port) => {
            let udp = matches!(spec, TestSpec::Probe(spec) if spec.protocol == PortProtocol::Udp);
            match port.state {
                PortState::Open => None,
                PortState::OpenOrFiltered if udp => None,
                state => Some(format!("{}: {}", state.word(), port.output)),
            }
        }
        Measured::Dns(dns) => {
            let failed = dns.resolvers.iter().filter_map(|one| {
                one.failure.as_ref().map(|why| format!("{}: {why}", one.resolver))
            });
            let failed: Vec<String> = failed.collect();
            (!failed.is_empty()).then(|| failed.join("; "))
        }
    }
}

/// What a test that is well says besides its figures.
#[must_use]
pub fn remark(measured: &Measured) -> Option<String> {
    match measured {
        Measured::Speedtest(_) => None,
        Measured::Trace(report) => {
            Some(plural(u32::try_from(report.hops.len()).unwrap_or(u32::MAX), "hop"))
        }
        Measured::Probe(port) => Some(port.state.word().to_owned()),
        Measured::Dns(dns) => {
            let worst = dns.resolvers.iter().filter_map(|one| one.rating).max()?;
            Some(worst.word().to_owned())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::SafeText;
    use crate::model::test::{DnsResult, Expect, PortResult, PortSpec, ResolverTime};

    fn port(protocol: PortProtocol, state: PortState) -> Option<String> {
        let spec = TestSpec::Probe(PortSpec {
            target: "db-1".to_owned(),
            port: 5432,
            protocol,
            timeout_ms: 2000,
            expect: Expect::Any,
        });
        let output = SafeText::line("said");
        trouble(&spec, &Measured::Probe(PortResult { state, time_ms: None, output }))
    }

    #[test]
    fn d_24_a_port_is_well_when_open_and_of_udp_also_when_silent() {
        use PortProtocol::{Tcp, Udp};
        assert_eq!(port(Tcp, PortState::Open), None);
        assert_eq!(port(Tcp, PortState::Closed).as_deref(), Some("closed: said"));
        assert_eq!(port(Tcp, PortState::Filtered).as_deref(), Some("filtered: said"));
        assert_eq!(port(Udp, PortState::OpenOrFiltered), None);
        assert_eq!(port(Udp, PortState::Closed).as_deref(), Some("closed: said"));
    }

    #[test]
    fn d_07_one_resolver_that_fails_is_a_trouble_with_its_reason() {
        let one = |resolver: &str, failure: Option<&str>| ResolverTime {
            resolver: SafeText::line(resolver),
            time_ms: None,
            rating: None,
            answer: SafeText::empty(),
            failure: failure.map(SafeText::line),
        };
        let dns = |resolvers| Measured::Dns(DnsResult { resolvers });
        let spec: TestSpec =
            serde_json::from_str(r#"{"test_type": "dns", "hostname": "a.example"}"#).unwrap();
        assert_eq!(trouble(&spec, &dns(vec![one("9.9.9.9", None)])), None);
        let both = dns(vec![one("9.9.9.9", None), one("192.0.2.1", Some("no answer"))]);
        assert_eq!(trouble(&spec, &both).as_deref(), Some("192.0.2.1: no answer"));
    }
}
