//! `fluxnoc schedules`: what can be typed, and the schedule that it makes or changes.

use std::collections::BTreeMap;

use clap::{Args, Subcommand};
use serde_json::Value;

use super::test_args::test_kind;
use crate::model::breach::TestLimits;
use crate::model::{Plan, Span, TestKind};

/// `fluxnoc schedules`.
#[derive(Debug, Subcommand)]
pub enum SchedulesCommand {
    /// Run a test again and again; its check AGENT/NAME alerts when what is well is broken
    Add(Box<AddArgs>),
    /// Change a schedule; what is not said stays
    Edit(Box<EditArgs>),
    /// Run nothing until it is resumed
    Pause(Which),
    /// Let a schedule that was paused go on
    Resume(Which),
    /// Run the test now, besides its times
    Run(Which),
    /// Run the test no more; the results stay
    Remove(Which),
}

/// Which schedule.
#[derive(Clone, Debug, Args)]
pub struct Which {
    /// The id of a schedule, its name, or AGENT/NAME where several have the name
    #[arg(value_name = "ID|NAME")]
    pub which: String,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// `fluxnoc schedules add`.
#[derive(Clone, Debug, Args)]
pub struct AddArgs {
    /// Its name, one of its kind at its agent
    #[arg(long, value_name = "NAME")]
    pub name: String,
    /// What is run: speedtest, trace, probe or dns
    #[arg(long, value_name = "KIND", value_parser = test_kind)]
    pub test: TestKind,
    /// The rest.
    #[command(flatten)]
    pub options: PlanArgs,
}

/// `fluxnoc schedules edit`.
#[derive(Clone, Debug, Args)]
pub struct EditArgs {
    /// The id of a schedule, its name, or AGENT/NAME where several have the name
    #[arg(value_name = "ID|NAME")]
    pub which: String,
    /// Another name
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// Another kind of test: speedtest, trace, probe or dns
    #[arg(long, value_name = "KIND", value_parser = test_kind)]
    pub test: Option<TestKind>,
    /// Take an option back, any number of times, by its name: latency-max, contact, of-last, a KEY of
    /// --set ...
    #[arg(long, value_name = "OPTION")]
    pub unset: Vec<String>,
    /// The rest.
    #[command(flatten)]
    pub options: PlanArgs,
}

/// What a schedule has besides its name and its kind.
#[derive(Clone, Debug, Default, Args)]
pub struct PlanArgs {
    /// The agent that runs it [default: the server's own vantage]
    #[arg(long, value_name = "NAME")]
    pub agent: Option<String>,
    /// What it is aimed at [default of a speedtest: the nearest of the configured targets]
    #[arg(long, value_name = "TARGET")]
    pub target: Option<String>,
    /// Between two runs: 10s to 31d
    #[arg(long, value_name = "DURATION", conflicts_with = "cron")]
    pub every: Option<Span>,
    /// The times of runs: minute, hour, day of the month, month, day of the week
    #[arg(long, value_name = "CRON")]
    pub cron: Option<String>,
    /// The zone of --cron, such as Europe/Berlin [default: UTC]
    #[arg(long, value_name = "ZONE")]
    pub zone: Option<String>,
    /// Least rate from the target, in Mbit/s
    #[arg(long, value_name = "MBPS")]
    pub download_min: Option<f64>,
    /// Least rate to the target, in Mbit/s
    #[arg(long, value_name = "MBPS")]
    pub upload_min: Option<f64>,
    /// Most latency, in milliseconds
    #[arg(long, value_name = "MS")]
    pub latency_max: Option<f64>,
    /// Most jitter, in milliseconds
    #[arg(long, value_name = "MS")]
    pub jitter_max: Option<f64>,
    /// Most loss, in per cent
    #[arg(long, value_name = "PCT")]
    pub loss_max: Option<f64>,
    /// How far a rate may fall below what is usual, in per cent of it
    #[arg(long, value_name = "PCT")]
    pub deviation: Option<f64>,
    /// Runs in a row that break a limit before it alerts [default: 3]
    #[arg(long, value_name = "N")]
    pub consecutive: Option<u32>,
    /// So many of --consecutive within the last N runs alert, in a row or not
    #[arg(long, value_name = "N")]
    pub of_last: Option<u32>,
    /// Run again so soon after a limit was broken, to confirm it
    #[arg(long, value_name = "DURATION")]
    pub retest: Option<Span>,
    /// Who is told [default: the default list]
    #[arg(long, value_name = "LIST")]
    pub contact: Option<String>,
    /// Alert when a limit is broken (the default)
    #[arg(long, conflicts_with = "no_alert")]
    pub alert: bool,
    /// Only keep the results
    #[arg(long)]
    pub no_alert: bool,
    /// Alert when runs could not be made, too
    #[arg(long, conflicts_with = "no_alert_missed")]
    pub alert_missed: bool,
    /// Do not alert when runs could not be made (the default)
    #[arg(long)]
    pub no_alert_missed: bool,
    /// Alert when a trace takes another path, too
    #[arg(long, conflicts_with = "no_alert_path")]
    pub alert_path: bool,
    /// Do not alert when a trace takes another path (the default)
    #[arg(long)]
    pub no_alert_path: bool,
    /// Another parameter of the test, any number of times: streams=8, port=5432, protocol=udp,
    /// resolvers=192.0.2.1,192.0.2.2 ...
    #[arg(long = "set", value_name = "KEY=VALUE", value_parser = setting)]
    pub set: Vec<(String, Value)>,
    /// As JSON
    #[arg(long)]
    pub json: bool,
}

/// `KEY=VALUE`: a number where it is one, a list where the parameter is one, else a text.
fn setting(text: &str) -> Result<(String, Value), String> {
    let (key, value) = text.split_once('=').ok_or("write KEY=VALUE, such as streams=8")?;
    let value = match key {
        "resolvers" => value.split(',').map(|one| Value::from(one.trim())).collect(),
        _ => match serde_json::from_str(value) {
            Ok(number @ Value::Number(_)) => number,
            _ => Value::from(value),
        },
    };
    Ok((key.to_owned(), value))
}

fn whole_seconds(option: &str, span: Span) -> Result<u64, String> {
    if span.millis().is_multiple_of(1000) {
        return Ok(span.millis() / 1000);
    }
    Err(format!("{option}: {span} is not in whole seconds"))
}

impl AddArgs {
    /// The schedule that is made.
    ///
    /// # Errors
    /// A sentence that names what is wrong.
    pub fn plan(self) -> Result<Plan, String> {
        let mut plan = Plan {
            name: self.name,
            agent: None,
            target: None,
            test_type: self.test,
            interval_seconds: None,
            cron: None,
            zone: None,
            thresholds: TestLimits::default(),
            alert_on_breach: true,
            notify_contact_list: None,
            consecutive_failures: 3,
            of_last: None,
            retest_seconds: None,
            alert_on_missed: false,
            alert_on_path_change: false,
            paused: false,
            options: BTreeMap::new(),
        };
        if self.options.every.is_none() && self.options.cron.is_none() {
            return Err("write --every DURATION or --cron CRON".to_owned());
        }
        self.options.put(&mut plan)?;
        plan.check()?;
        Ok(plan)
    }
}

impl EditArgs {
    /// Changes a schedule as was typed.
    ///
    /// # Errors
    /// A sentence that names what is wrong.
    pub fn put(&self, plan: &mut Plan) -> Result<(), String> {
        for option in &self.unset {
            unset(plan, option)?;
        }
        if let Some(name) = &self.name {
            plan.name.clone_from(name);
        }
        plan.test_type = self.test.unwrap_or(plan.test_type);
        self.options.put(plan)?;
        plan.check()
    }
}

fn unset(plan: &mut Plan, option: &str) -> Result<(), String> {
    let limits = &mut plan.thresholds;
    match option.trim_start_matches('-') {
        "download-min" => limits.download_min_mbps = None,
        "upload-min" => limits.upload_min_mbps = None,
        "latency-max" => limits.latency_max_ms = None,
        "jitter-max" => limits.jitter_max_ms = None,
        "loss-max" => limits.packet_loss_max_pct = None,
        "deviation" => limits.baseline_deviation_pct = None,
        "agent" => plan.agent = None,
        "target" => plan.target = None,
        "zone" => plan.zone = None,
        "of-last" => plan.of_last = None,
        "retest" => plan.retest_seconds = None,
        "contact" => plan.notify_contact_list = None,
        key => {
            if plan.options.remove(key).is_none() {
                let key: String = key.chars().take(64).collect();
                return Err(format!("--unset: the schedule has no `{key}`"));
            }
        }
    }
    Ok(())
}

impl PlanArgs {
    /// Puts what was typed into a schedule.
    fn put(&self, plan: &mut Plan) -> Result<(), String> {
        if let Some(every) = self.every {
            plan.interval_seconds = Some(whole_seconds("--every", every)?);
            (plan.cron, plan.zone) = (None, None);
        }
        if let Some(cron) = &self.cron {
            plan.cron = Some(cron.clone());
            plan.interval_seconds = None;
        }
        if let Some(retest) = self.retest {
            plan.retest_seconds = Some(whole_seconds("--retest", retest)?);
        }
        let texts = [
            (&self.agent, &mut plan.agent),
            (&self.target, &mut plan.target),
            (&self.zone, &mut plan.zone),
            (&self.contact, &mut plan.notify_contact_list),
        ];
        for (typed, place) in texts {
            if typed.is_some() {
                place.clone_from(typed);
            }
        }
        let limits = &mut plan.thresholds;
        for (typed, place) in [
            (self.download_min, &mut limits.download_min_mbps),
            (self.upload_min, &mut limits.upload_min_mbps),
            (self.latency_max, &mut limits.latency_max_ms),
            (self.jitter_max, &mut limits.jitter_max_ms),
            (self.loss_max, &mut limits.packet_loss_max_pct),
            (self.deviation, &mut limits.baseline_deviation_pct),
        ] {
            *place = typed.or(*place);
        }
        plan.consecutive_failures = self.consecutive.unwrap_or(plan.consecutive_failures);
        plan.of_last = self.of_last.or(plan.of_last);
        let switched = |on: bool, off: bool, now: bool| on || (now && !off);
        plan.alert_on_breach = switched(self.alert, self.no_alert, plan.alert_on_breach);
        plan.alert_on_missed =
            switched(self.alert_missed, self.no_alert_missed, plan.alert_on_missed);
        plan.alert_on_path_change =
            switched(self.alert_path, self.no_alert_path, plan.alert_on_path_change);
        plan.options.extend(self.set.iter().cloned());
        Ok(())
    }
}
