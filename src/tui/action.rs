//! Every intent that a key or the palette can express, as one list of data.
//!
//! Help, hint line, palette and the tests of the keymap are derived from it.

/// What a person must be allowed to do for an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Anybody may.
    Look,
    /// Changes something: an operator.
    Operate,
    /// Changes the engine: an administrator.
    Administer,
}

macro_rules! actions {
    ($($variant:ident, $name:literal, $label:literal, $about:literal, $need:ident, $keys:ident;)*) => {
        /// An intent; see the module's head.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Action {
            $(#[doc = $about] $variant,)*
        }

        impl Action {
            /// All of them, in the order of the help.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in the keymap and the palette.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// One or two words for the hint line.
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$variant => $label,)* }
            }

            /// A sentence for help and palette.
            #[must_use]
            pub const fn about(self) -> &'static str {
                match self { $(Self::$variant => $about,)* }
            }

            /// Who may.
            #[must_use]
            pub const fn need(self) -> Need {
                match self { $(Self::$variant => Need::$need,)* }
            }

            /// True when no key is expected: only the palette offers it.
            #[must_use]
            pub const fn is_palette_only(self) -> bool {
                match self { $(Self::$variant => actions!(@ $keys),)* }
            }
        }
    };
    (@ key) => { false };
    (@ palette) => { true };
}

actions! {
    Down, "down", "down", "next row", Look, key;
    Up, "up", "up", "previous row", Look, key;
    Left, "left", "left", "to the left; in a list close the group", Look, key;
    Right, "right", "right", "to the right; in a list open the group", Look, key;
    PageDown, "page-down", "page down", "one page down", Look, key;
    PageUp, "page-up", "page up", "one page up", Look, key;
    Top, "top", "top", "first row", Look, key;
    Bottom, "bottom", "bottom", "last row", Look, key;
    NextProblem, "next-problem", "next", "next unhandled problem", Look, key;
    PreviousProblem, "previous-problem", "previous", "previous unhandled problem", Look, key;
    Open, "open", "detail", "open what is under the cursor: the alert, from there its host", Look, key;
    Ack, "ack", "ack", "acknowledge the alerts under the cursor", Operate, key;
    Unack, "unack", "un-ack", "give acknowledged alerts back", Operate, key;
    Window, "window", "window", "open a maintenance window", Operate, key;
    Recheck, "recheck", "re-check", "run the checks under the cursor now", Operate, key;
    Trace, "trace", "trace", "look at the path to the host now", Look, key;
    Mark, "mark", "mark", "mark the row, or take its mark away", Look, key;
    MarkRange, "mark-range", "range", "begin a range of marks, or end it", Look, key;
    MarkAll, "mark-all", "mark all", "mark all that the filter lets through", Look, key;
    ClearMarks, "clear-marks", "clear marks", "take all marks away", Look, key;
    Sort, "sort", "sort", "the next order of the rows", Look, key;
    Reverse, "reverse", "reverse", "the rows the other way round", Look, key;
    GroupBy, "group-by", "group", "group the rows by host, check, group or site, or not; the calendar by target, agent or link", Look, key;
    Newest, "follow-newest", "newest", "the cursor follows the newest alert, or stays", Look, key;
    Filter, "filter", "filter", "show only rows with these words, state:crit, !word", Look, key;
    FilterMenu, "filter-menu", "filter menu", "choose from all terms that a filter can have", Look, key;
    MetricNext, "metric-next", "next metric", "next metric or interface in the graph", Look, key;
    MetricPrevious, "metric-previous", "previous metric", "previous metric or interface in the graph", Look, key;
    Pin, "pin", "pin", "keep this in the throughput pane, or let it go", Look, key;
    RangeLonger, "range-longer", "longer", "graph over a longer time", Look, key;
    RangeShorter, "range-shorter", "shorter", "graph over a shorter time", Look, key;
    Earlier, "earlier", "earlier", "graph: half a range back", Look, key;
    Later, "later", "later", "graph: half a range forth", Look, key;
    GraphNewest, "graph-newest", "newest", "graph: follow the present again", Look, key;
    LogScale, "log-scale", "log scale", "graph: logarithmic axis, and back", Look, key;
    RunTest, "run-test", "run now", "run the test of the row now, after a question", Operate, key;
    TestForm, "test-form", "new", "a form for a test, or for a new schedule", Operate, key;
    CancelTest, "cancel-test", "cancel test", "end the test under the cursor, or take it back; or the report that is made", Operate, key;
    PauseSchedule, "pause-schedule", "pause", "let the schedule under the cursor rest, or go on", Operate, key;
    Baseline, "baseline", "usual", "trend: show what is usual, or leave it out", Look, key;
    ReportForm, "report-form", "report", "a form for a report of stored results, as PDF or CSV", Look, key;
    NextPane, "next-pane", "next pane", "go to the next pane", Look, key;
    PreviousPane, "previous-pane", "previous pane", "go to the previous pane", Look, key;
    Zoom, "zoom", "zoom", "give the pane the whole screen, and back", Look, key;
    Overview, "overview", "overview", "the four panes", Look, key;
    Alerts, "alerts", "alerts", "the alerts on the whole screen", Look, key;
    Hosts, "hosts", "hosts", "the hosts on the whole screen", Look, key;
    Checks, "checks", "checks", "all checks of all hosts", Look, key;
    Paths, "paths", "paths", "all traces: hops, round trips, changes", Look, key;
    Speed, "speed", "speed", "speedtests: what runs now, and how each went last", Look, key;
    Schedules, "schedules", "schedules", "tests that run again and again, and their results", Look, key;
    Calendar, "calendar", "calendar", "when the scheduled speedtests of the coming day run, what waits for what", Look, key;
    Probes, "probes", "probes", "what every agent last saw of every target: traces and port probes", Look, key;
    Dns, "dns", "dns", "DNS timings: how the resolvers of every agent answer side by side", Look, key;
    Trend, "trend", "trend", "how the figures of the test under the cursor went: 6 h to 12 months", Look, key;
    Reports, "reports", "reports", "the reports of this session: what is made, where it was saved", Look, key;
    Maintenance, "maintenance", "maintenance", "the maintenance windows", Look, key;
    Notifications, "notifications", "notifications", "who was told of what, what waits, what was given up", Look, key;
    Agents, "agents", "agents", "the workers on other machines: who is there, who is not, what waits", Look, key;
    RemoveAgent, "remove-agent", "remove", "forget the agent under the cursor: its key counts no more", Administer, key;
    Rules, "rules", "rules", "the rules in force: what each demands, its checks, its alerts", Look, key;
    TryRule, "try-rule", "try rule", "try the rule under the cursor, changed, on the stored history, and save it", Look, key;
    NewRule, "new-rule", "new rule", "write a new rule, try it on the stored history, save it", Look, key;
    Resend, "resend", "send again", "send the notifications under the cursor again", Operate, key;
    DropNotification, "drop-notification", "drop", "give the notifications under the cursor up; the count is typed to confirm", Operate, key;
    Handover, "handover", "handover", "what the next team must know; y y copies it as Markdown", Look, key;
    History, "history", "history", "every transition and operator action", Look, key;
    Logs, "logs", "logs", "what the program itself says", Look, key;
    Interfaces, "interfaces", "interfaces", "the interfaces of the host: rates, use, errors, states", Look, key;
    Settings, "settings", "settings", "what is in force, and where it comes from", Look, key;
    FluxNotify, "flux-notify", "flux notify", "settings, integrations: the Flux Notify service", Look, palette;
    NotifyTest, "notify-test", "test", "settings: send a marked test through the channel", Operate, key;
    Series, "series", "series", "scraped series: values, sparklines, graphs", Look, key;
    Fluxbase, "fluxbase", "fluxbase", "Fluxbase instances: their targets, five live graphs", Look, key;
    Help, "help", "help", "the keys that work here", Look, key;
    Palette, "palette", "command", "type a command", Look, key;
    Redraw, "redraw", "redraw", "paint the screen again", Look, key;
    Back, "back", "back", "close, clear the filter, or one level up", Look, key;
    Quit, "quit", "quit", "close the view; at the overview ask how to leave", Look, key;
    Interrupt, "interrupt", "cancel", "cancel what is open, or leave as with quit", Look, key;
    Commit, "commit", "send", "send what the line says", Look, key;
    Cancel, "cancel", "cancel", "close without doing anything", Look, key;
    Cycle, "cycle", "scope", "next scope or completion", Look, key;
    Keep, "keep", "keep it running", "leave; monitoring goes on without a screen", Look, key;
    Stop, "stop", "stop", "leave and stop monitoring", Look, key;
    Copy, "copy", "copy", "copy what is under the cursor", Look, key;
    Ssh, "ssh", "ssh", "log in to the host under the cursor", Look, key;
    Suspend, "suspend", "shell", "to the shell; monitoring goes on", Look, key;
    Wall, "wall", "wall", "the picture for a screen that nobody sits at", Look, key;
    Pause, "pause", "pause", "hold the display still, on the wall its view, or go on", Look, key;
    Mute, "mute", "mute", "no bell for 15 minutes, or again", Look, key;
    AckForm, "ack-form", "ack form", "acknowledge with an end, sticky, with or without telling", Operate, key;
    Comment, "comment", "comment", "write a comment beside what is under the cursor", Operate, key;
    Snooze, "snooze", "snooze", "snooze for me: nobody else sees it, nothing is changed", Look, key;
    WindowForm, "window-form", "window form", "a window with start, end, hosts and checks", Operate, key;
    Edit, "edit", "edit", "change the acknowledgement, window, rule or schedule under the cursor", Operate, key;
    Delete, "delete", "end window", "end the window here, or delete the rule or schedule; the count is typed to confirm", Operate, key;
    Undo, "undo", "undo", "take your last action back, within 10 s", Operate, key;
    Repeat, "repeat", "repeat", "the last action again for what is under the cursor", Operate, key;
    Failures, "failures", "failures", "what could not be done last", Look, palette;
    Runbook, "runbook", "runbook", "whom to call and what to do", Look, key;
    HistoryHere, "history-here", "its history", "the history of what is under the cursor; of a trace its ways and what changed", Look, key;
    CopyHost, "copy-host", "host", "copy the name of the host", Look, key;
    CopyAddress, "copy-address", "address", "copy the address of the host", Look, key;
    CopyOutput, "copy-output", "output", "copy the last output", Look, key;
    CopyRunbook, "copy-runbook", "runbook", "copy the runbook", Look, key;
    Fetch, "fetch", "fetch", "ask the engine again for what is on screen", Look, key;
    NextZone, "zone", "zone", "times in UTC, and back in the zone of here", Look, key;
    Arm, "arm", "arm", "allow changes for a time where the console is read-only", Look, key;
    Disarm, "disarm", "disarm", "read-only again", Look, palette;
    Hold, "hold", "hold", "tell nobody of anything for a time: hold paging 30m REASON", Operate, palette;
    Resume, "resume", "resume", "let paging go on before its time: resume paging", Operate, palette;
    Escalate, "escalate", "escalate", "tell the next contact list of the alerts under the cursor now", Operate, palette;
    Note, "note", "note", "write a note into the handover: note TEXT", Operate, palette;
    SignOff, "sign-off", "sign off", "go, and say who takes over: sign-off NAME", Operate, palette;
    SavedView, "saved-view", "view", "open a saved view by its letter", Look, key;
    SaveView, "save-view", "save view", "keep this list: save-view LETTER NAME", Look, palette;
    NextField, "next-field", "next field", "next field or suggestion", Look, key;
    PreviousField, "previous-field", "previous field", "previous field or suggestion", Look, key;
    Toggle, "toggle", "change", "change the choice", Look, key;
    Mouse, "mouse", "mouse", "switch the mouse on or off", Look, palette;
    Debug, "debug", "debug", "show what the line to this terminal carries", Look, palette;
    Context, "ctx", "context", "go to another engine of the configuration, or back: ctx NAME", Look, palette;
    Queue, "queue", "queue", "the commands that wait for a line to the engine", Look, palette;
    TakeBack, "take-back", "take back", "take back what is not sent yet: take-back, take-back all", Operate, palette;
    Reload, "reload", "reload", "read the configuration again", Administer, palette;
    Theme, "theme", "theme", "change the colours: theme NAME", Look, palette;
}

impl Action {
    /// The action of that name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|action| action.name() == name)
    }

    /// True for what only makes sense while a line or question is open.
    #[must_use]
    pub const fn is_of_dialogs(self) -> bool {
        matches!(
            self,
            Self::Commit
                | Self::Cancel
                | Self::Cycle
                | Self::Keep
                | Self::Stop
                | Self::NextField
                | Self::PreviousField
                | Self::Toggle
        )
    }
}
