//! Whether a speedtest knows where to go.

use super::speed::{Engine, NamedTarget, SpeedTarget, Transport};
use super::test::TestSpec;

/// A host name whose tests speak a protocol of their own (SPEC D-23).
const FOREIGN: &str = "speedtest.net";

/// Whether a test can be aimed, given the configured targets; other tests than speedtests always
/// can.
///
/// # Errors
/// A sentence that names the field and says what to write.
pub fn can_aim(spec: &TestSpec, targets: &[NamedTarget]) -> Result<(), String> {
    let TestSpec::Speedtest(speed) = spec else { return Ok(()) };
    let Some(written) = speed.target.as_deref() else {
        if targets.is_empty() {
            return Err(
                "`target`: no [[target]] is configured to choose the nearest from; write one, \
                        or name HOST[:PORT] of an iperf3 server or a URL"
                    .to_owned(),
            );
        }
        return Ok(());
    };
    if targets.iter().any(|one| one.name == written) {
        return Ok(());
    }
    if written.eq_ignore_ascii_case(FOREIGN) {
        return Err(format!(
            "`target`: {FOREIGN} speaks a protocol of its own; write a [[target]] of that name \
             with the url of a LibreSpeed or fluxnoc endpoint"
        ));
    }
    let target: SpeedTarget = written.parse().map_err(|why| format!("`target`: {why}"))?;
    if speed.protocol == Transport::Udp && target.engine == Engine::Http {
        return Err("`protocol`: udp needs an iperf3 server, not a URL".to_owned());
    }
    Ok(())
}
