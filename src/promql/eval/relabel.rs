//! `label_replace` and `label_join`.

use super::Engine;
use super::steps::Frame;
use crate::promql::error::Fault;
use crate::promql::labels::Labels;
use crate::promql::syntax::Expr;
use crate::promql::value::{Sample, Series};

impl Engine<'_> {
    pub fn label_replace(
        &mut self,
        of: &Expr,
        args: &[Expr],
        frame: Frame,
    ) -> Result<Vec<Series>, Fault> {
        let (to, template, from) = (text(args, 1), text(args, 2), text(args, 3));
        let Some(Expr::Pattern(pattern)) = args.get(4) else { return Ok(Vec::new()) };
        self.relabelled(of, frame, |labels| {
            let value = labels.get(from);
            let captures = pattern.captures(value)?;
            let mut made = String::new();
            captures.expand(template, &mut made);
            Some((to, made))
        })
    }

    pub fn label_join(
        &mut self,
        of: &Expr,
        args: &[Expr],
        frame: Frame,
    ) -> Result<Vec<Series>, Fault> {
        let (to, between) = (text(args, 1), text(args, 2));
        let from: Vec<&str> = (3..args.len()).map(|index| text(args, index)).collect();
        self.relabelled(of, frame, |labels| {
            let values: Vec<&str> = from.iter().map(|name| labels.get(name)).collect();
            Some((to, values.join(between)))
        })
    }

    fn relabelled<'l>(
        &mut self,
        of: &Expr,
        frame: Frame,
        make: impl Fn(&Labels) -> Option<(&'l str, String)>,
    ) -> Result<Vec<Series>, Fault> {
        let budget = self.budget;
        self.each_step(frame, &[of], &mut |_, vectors| {
            let mut out = Vec::new();
            for sample in vectors.first().into_iter().flatten() {
                let labels = match make(&sample.labels) {
                    Some((name, value)) => {
                        budget.label(&value)?;
                        sample.labels.with(name, &value)
                    }
                    None => sample.labels.clone(),
                };
                out.push(Sample { labels, value: sample.value });
            }
            Ok(out)
        })
    }
}

fn text(args: &[Expr], index: usize) -> &str {
    match args.get(index) {
        Some(Expr::Text(text)) => text,
        _ => "",
    }
}
