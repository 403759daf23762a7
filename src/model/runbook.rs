//! Runbooks that come with the program, by the names that the rules it brings along give them.
//!
//! Each says what is seen, where to look and what helps, in this order (SPEC FB-30, FB-31).

const HIGH_LATENCY: &str = "High latency: slow API responses.

Look:
  1. g x: is it all requests, or only the queries (DB query P95)? Does it come with the load?
  2. g f, /fluxbase_http_request_duration_seconds_bucket: which path and method is slow.
  3. g f, /fluxbase_db_query_duration_seconds_bucket: which table and operation is slow. The log of the
     instance has `Slow query detected` with the query for everything above 1 s.
  4. Is the pool full? Then see pool exhaustion: requests wait for connections.

Mend:
  - add the index that the slow query lacks (EXPLAIN ANALYZE), or write the query anew
  - raise the pool, if the database has connections to spare
  - take load away: caching, replicas, limits for the caller that floods";

const HIGH_ERROR_RATE: &str = "High error rate: requests end with 5xx.

Look:
  1. The check `health`: is the database or the storage degraded or unhealthy?
  2. g f, /fluxbase_http_requests_total status=\"5xx\": which path and method fails. A handler that returns
     an error is counted as 2xx in many builds: the log says more than the counter.
  3. The log of the instance: level error, with `error` and `path`.
  4. What was deployed last, there and at the database?

Mend:
  - take the last deployment back if the errors began with it
  - restore the way to the database; after it is back the pool needs no restart
  - free the disk or the bucket when the storage is what fails";

const MEMORY_LEAK: &str = "Memory leak: memory or goroutines grow and do not come back.

Look:
  1. g x: do both grow, or only the memory? Goroutines that grow with it are connections or jobs that never
     end.
  2. Realtime connections beside them: do clients connect and never leave?
  3. The check `system`: num_gc and gc_pause_ms; a heap that is collected often and stays large is in use.
  4. Is it since an update?

Mend:
  - restart the instance before it is killed; the graph of before is in the Host view
  - look for long-running operations and for connections that are not closed
  - update, or take the last update back";

const POOL_EXHAUSTION: &str = "Connection pool exhaustion: slow queries, time-outs.

Look:
  1. The check `system`: acquired_conns of max_conns, and empty_acquire_count, which counts the requests that
     had to wait. (The gauges fluxbase_db_connections of the exposition are always 0.)
  2. g f, /fluxbase_db_query_duration_seconds: are queries slow, so that each holds its connection longer?
  3. At the database: SELECT state, count(*) FROM pg_stat_activity GROUP BY 1; `idle in transaction` is a
     transaction that nobody ends.

Mend:
  - end the transactions that hang, then mend who left them open
  - make the slow queries shorter
  - raise max_connections of the pool, and of the database before it
  - spread the load: more replicas";

const DOWN: &str = "Instance unreachable: its exposition or its monitoring cannot be read.

Look:
  1. The check `live`: does /health answer? Then the instance lives, and only the metrics server (port 9090,
     metrics.enabled, metrics.port) or the service key is the matter.
  2. The check `metrics` says what was tried at which port, and how it failed.
  3. Host, container, the way there: `t` traces it.

Mend:
  - start it again; look at the last lines of its log first
  - open the metrics port to this machine, or name it: metrics = \"http://HOST:PORT/metrics\"
  - renew the service key when the answer is 401 or 403";

const AUTH_FAILURES: &str = "Authentication failures: many logins fail.

Look:
  1. g f, /fluxbase_auth_failure_total: the reason. invalid_password for many accounts is guessing,
     user_not_found is trying out names, account_locked follows from both.
  2. g f, /fluxbase_rate_limit_hits_total: does the limiter hold it back, and who is it?
  3. Did a client of your own lose its password, or retry without a pause?

Mend:
  - block the source before the instance
  - lower the limits of auth_login until it is over
  - give the client its new password";

/// All, by their names.
const ALL: [(&str, &str); 6] = [
    ("fluxbase:high-latency", HIGH_LATENCY),
    ("fluxbase:high-error-rate", HIGH_ERROR_RATE),
    ("fluxbase:memory-leak", MEMORY_LEAK),
    ("fluxbase:pool-exhaustion", POOL_EXHAUSTION),
    ("fluxbase:down", DOWN),
    ("fluxbase:auth-failures", AUTH_FAILURES),
];

/// The text of a runbook that comes with the program.
#[must_use]
pub fn built_in(name: &str) -> Option<&'static str> {
    ALL.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fb_30_each_runbook_says_what_is_seen_where_to_look_and_what_helps() {
        for (name, text) in ALL {
            assert_eq!(built_in(name), Some(text));
            let (look, mend) = (text.find("\nLook:"), text.find("\nMend:"));
            assert!(look.is_some() && look < mend, "{name}");
            assert!(text.lines().all(|line| line.len() <= 112), "{name}");
        }
        assert_eq!(built_in("https://wiki.example/x"), None);
    }
}
