//! `printf`: the verbs of Go for texts and numbers. What does not fit a verb is written as Go writes
//! it, `%!d(string=x)`, so that the mistake is seen and the alert is not lost.

use super::float;
use super::run::Item;

/// The widest field: a template cannot ask for a gigabyte of spaces.
const WIDEST: usize = 1000;

/// How a verb is written.
#[derive(Clone, Copy, Debug, Default)]
struct Form {
    left: bool,
    plus: bool,
    zeros: bool,
    width: usize,
    precision: Option<usize>,
}

/// Writes a text after a pattern.
pub fn printf(pattern: &str, args: &[Item]) -> String {
    let mut out = String::new();
    let mut args = args.iter();
    let mut rest = pattern;
    while let Some((before, after)) = rest.split_once('%') {
        out.push_str(before);
        let (form, after) = form(after);
        let mut letters = after.chars();
        let Some(verb) = letters.next() else {
            out.push_str("%!(NOVERB)");
            return out;
        };
        rest = letters.as_str();
        if verb == '%' {
            out.push('%');
            continue;
        }
        match args.next() {
            Some(arg) => out.push_str(&one(verb, arg, form)),
            None => out.extend(["%!", &verb.to_string(), "(MISSING)"]),
        }
    }
    out.push_str(rest);
    let left: Vec<String> = args.map(|arg| format!("{}={}", arg.kind(), arg.written())).collect();
    if !left.is_empty() {
        out.extend(["%!(EXTRA ", &left.join(", "), ")"]);
    }
    out
}

/// Flags, width and precision before a verb.
fn form(text: &str) -> (Form, &str) {
    let mut form = Form::default();
    let mut rest = text;
    while let Some(flag) = rest.chars().next().filter(|c| matches!(c, '-' | '+' | '0' | ' ' | '#'))
    {
        form.left |= flag == '-';
        form.plus |= flag == '+';
        form.zeros |= flag == '0';
        rest = rest.get(1..).unwrap_or_default();
    }
    let number = |text: &str| {
        let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
        let (digits, _) = text.split_at(end);
        (digits.parse::<usize>().unwrap_or(0).min(WIDEST), end)
    };
    let (width, end) = number(rest);
    form.width = width;
    rest = rest.get(end..).unwrap_or_default();
    if let Some(after) = rest.strip_prefix('.') {
        let (precision, end) = number(after);
        form.precision = Some(precision);
        rest = after.get(end..).unwrap_or_default();
    }
    (form, rest)
}

fn one(verb: char, arg: &Item, form: Form) -> String {
    let signed = |text: String| {
        let needs = form.plus && !text.starts_with(['-', '+']);
        if needs { format!("+{text}") } else { text }
    };
    let digits = form.precision.unwrap_or(6);
    let written = match (verb, arg) {
        ('v' | 'g', Item::Float(number)) => match form.precision {
            Some(precision) => signed(float::significant(*number, precision)),
            None => signed(float::general(*number)),
        },
        ('f' | 'F', Item::Float(number)) => signed(float::fixed(*number, digits)),
        ('e', Item::Float(number)) => signed(float::exponential(*number, digits)),
        ('d' | 'v', Item::Int(number)) => signed(number.to_string()),
        ('x', Item::Int(number)) => format!("{number:x}"),
        ('X', Item::Int(number)) => format!("{number:X}"),
        ('t' | 'v', Item::Bool(is)) => is.to_string(),
        ('s' | 'v', Item::Text(text)) => match form.precision {
            Some(precision) => text.chars().take(precision).collect(),
            None => text.clone(),
        },
        ('q', Item::Text(text)) => format!("{text:?}"),
        ('s' | 'v', Item::Labels(_)) => arg.written(),
        _ => return format!("%!{verb}({}={})", arg.kind(), arg.written()),
    };
    padded(&written, form, !matches!(arg, Item::Text(_)))
}

fn padded(text: &str, form: Form, is_number: bool) -> String {
    let missing = form.width.saturating_sub(text.chars().count());
    if form.left {
        return format!("{text}{}", " ".repeat(missing));
    }
    if !form.zeros {
        return format!("{}{text}", " ".repeat(missing));
    }
    let sign = text.chars().next().filter(|c| is_number && matches!(c, '-' | '+'));
    let rest = if sign.is_some() { text.get(1..).unwrap_or_default() } else { text };
    format!("{}{}{rest}", sign.map(String::from).unwrap_or_default(), "0".repeat(missing))
}
