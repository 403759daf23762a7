//! What the program itself says: levels per target at the left, lines with scroll-back at the
//! right. The lines live in the log library's own bounded buffer; its widgets draw them.

use std::fmt;

use tui_logger::{
    TuiLoggerLevelOutput, TuiLoggerSmartWidget, TuiLoggerWidget, TuiWidgetEvent, TuiWidgetState,
};

use crate::tui::action::Action;
use crate::tui::app::App;
use crate::tui::effect::Effect;
use crate::tui::theme::Role;
use crate::tui::widgets::Surface;

/// From this width on the targets and their levels stand beside the lines.
const TARGETS_FROM: usize = 100;

/// The pane's own state: the target under the cursor, the levels shown, how far back.
#[derive(Default)]
pub struct State {
    widget: TuiWidgetState,
    back: bool,
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("State").field("back", &self.back).finish_non_exhaustive()
    }
}

/// Name and whether the newest lines are on screen.
#[must_use]
pub fn title(app: &App) -> (String, String) {
    let right = if app.own.logs.back { "scrolled back, G newest" } else { "newest" };
    ("Logs: j k target, h l level shown, + - level kept".to_owned(), right.to_owned())
}

/// Draws the pane.
pub fn view(app: &App, surface: &mut Surface<'_>) {
    let own = &app.own.logs;
    let style = |role| surface.theme.style(role);
    let (text, muted) = (style(Role::Text), style(Role::Muted));
    let (error, warn) = (style(Role::Bad), style(Role::StateWarning));
    let (border, selection) = (style(Role::Border), style(Role::Selection));
    if surface.width() < TARGETS_FROM {
        let lines = TuiLoggerWidget::default()
            .style(text)
            .style_error(error)
            .style_warn(warn)
            .style_info(text)
            .style_debug(muted)
            .style_trace(muted)
            .output_separator(' ')
            .output_timestamp(Some("%H:%M:%S".to_owned()))
            .output_level(Some(TuiLoggerLevelOutput::Abbreviated))
            .output_target(false)
            .output_file(false)
            .output_line(false)
            .state(&own.widget);
        surface.widget(lines);
        return;
    }
    let both = TuiLoggerSmartWidget::default()
        .style(text)
        .style_error(error)
        .style_warn(warn)
        .style_info(text)
        .style_debug(muted)
        .style_trace(muted)
        .style_off(muted)
        .style_hide(muted)
        .style_show(text)
        .border_style(border)
        .highlight_style(selection)
        .output_separator(' ')
        .output_timestamp(Some("%H:%M:%S%.3f".to_owned()))
        .output_level(Some(TuiLoggerLevelOutput::Long))
        .output_target(true)
        .output_file(false)
        .output_line(false)
        .title_target(" targets ")
        .title_log(" lines ")
        .state(&own.widget);
    surface.widget(both);
}

/// Runs an action that means something special here.
pub fn act(app: &mut App, action: Action) -> Option<Vec<Effect>> {
    let own = &mut app.own.logs;
    let event = match action {
        Action::Down => TuiWidgetEvent::DownKey,
        Action::Up => TuiWidgetEvent::UpKey,
        Action::Left => TuiWidgetEvent::LeftKey,
        Action::Right => TuiWidgetEvent::RightKey,
        Action::RangeLonger => TuiWidgetEvent::PlusKey,
        Action::RangeShorter => TuiWidgetEvent::MinusKey,
        Action::PageUp | Action::Top => TuiWidgetEvent::PrevPageKey,
        Action::PageDown => TuiWidgetEvent::NextPageKey,
        Action::Bottom => TuiWidgetEvent::EscapeKey,
        _ => return None,
    };
    match event {
        TuiWidgetEvent::PrevPageKey => own.back = true,
        TuiWidgetEvent::EscapeKey => own.back = false,
        _ => {}
    }
    own.widget.transition(event);
    Some(Vec::new())
}
