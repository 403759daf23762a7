//! What a style is for. Widgets ask for a role, never for a colour.

use crate::model::{ShownState, State};

macro_rules! roles {
    ($($variant:ident = $name:literal, $about:literal;)*) => {
        /// The purpose of a style; names with a dot fall back to the part before it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Role {
            $(#[doc = $about] $variant,)*
        }

        impl Role {
            /// All roles.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in a theme file.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

roles! {
    Background = "background", "The whole screen.";
    Text = "text", "Ordinary text.";
    Muted = "text.muted", "What steps back: handled rows, units, labels.";
    Strong = "text.strong", "What stands out without being news: names, the clock.";
    Stale = "text.stale", "Values of a source that is late.";
    Border = "border", "Lines where panes meet.";
    BorderFocused = "border.focused", "The lines around the focused pane.";
    Title = "title", "A pane's title.";
    TitleFocused = "title.focused", "The focused pane's title.";
    Header = "header", "The top line.";
    Footer = "footer", "The bottom line.";
    Selection = "selection", "The row under the cursor in the focused pane.";
    SelectionQuiet = "selection.quiet", "The row under the cursor in another pane.";
    Accent = "accent", "The one mark of focus.";
    Key = "key", "A key in hints and help.";
    KeyOff = "key.off", "A key that may not be used here.";
    Input = "input", "What is typed.";
    Prompt = "input.prompt", "What an input line is for.";
    Good = "message.good", "Something was done.";
    Note = "message.note", "Something to know.";
    Bad = "message.bad", "Something failed.";
    StateOk = "state.ok", "OK.";
    StateWarning = "state.warning", "WARNING.";
    StateCritical = "state.critical", "CRITICAL.";
    StateUnknown = "state.unknown", "UNKNOWN.";
    StateMaintenance = "state.maintenance", "MAINTENANCE.";
    StateWaiting = "state.waiting", "No result yet.";
    Chart1 = "chart.1", "First series.";
    Chart2 = "chart.2", "Second series.";
    Axis = "chart.axis", "Axes and their numbers.";
    ChartWarning = "chart.warning", "A warning threshold.";
    ChartCritical = "chart.critical", "A critical threshold.";
}

impl Role {
    /// The role of a shown state.
    #[must_use]
    pub const fn of(state: ShownState) -> Self {
        match state {
            ShownState::Ok => Self::StateOk,
            ShownState::Warning => Self::StateWarning,
            ShownState::Critical => Self::StateCritical,
            ShownState::Unknown => Self::StateUnknown,
            ShownState::Maintenance => Self::StateMaintenance,
        }
    }

    /// The role of a judged state.
    #[must_use]
    pub const fn of_state(state: State) -> Self {
        Self::of(ShownState::of(state, false))
    }
}
