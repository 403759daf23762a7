//! Agents: let in, forgotten; and the tokens that let them in.

use serde_json::json;

use super::super::agents::AGENTS;
use super::super::agents::work::place;
use super::super::batch::AccountChange;
use super::super::core::Core;
use super::done;
use crate::auth;
use crate::model::id::valid_name;
use crate::model::{AgentPhase, KeptAgent, Name, SafeText};
use crate::protocol::{Actor, Enrolment, Outcome, Problem, Request};

impl Core {
    /// Lets an agent in by a token that was made for it.
    pub(super) fn enrol(
        &mut self,
        request: &Request,
        enrolment: &Enrolment,
    ) -> Result<Outcome, Problem> {
        let Actor::Token { name: token, .. } = &request.actor else {
            return Err(Problem::forbidden("an agent registers with a token that was made for it"));
        };
        let accounts = self.gate.accounts();
        let Some(kept) = accounts.token(token.as_str()) else {
            return Err(Problem::unauthenticated("log in, or show a token that counts"));
        };
        let name = kept.token.agent.clone().ok_or_else(|| {
            Problem::forbidden("this token was made for no agent; use `token add --agent NAME`")
        })?;
        if name != enrolment.name {
            return Err(Problem::forbidden(format!(
                "`name`: this token is for the agent `{}`, not for `{}`",
                SafeText::line(&name),
                SafeText::line(&enrolment.name)
            )));
        }
        let uses = kept.token.uses;
        if uses == Some(0) {
            return Err(Problem::forbidden(format!(
                "the token of `{name}` was used as often as it may be; make a new one with `token \
                 add --agent {name}`"
            )));
        }
        self.nobody_lives_as(&name)?;
        if self.agents.get(&name).is_none() && self.agents.count() >= AGENTS {
            return Err(Problem::conflict(format!(
                "there are {AGENTS} agents already; remove one first"
            )));
        }
        let (key, hash) = auth::mint();
        let before = self.agents.get(&name).map(|entry| entry.kept.registered);
        let kept = KeptAgent {
            name: Name::clone(&name),
            hash,
            location: place(&enrolment.location),
            machine: place(&enrolment.machine),
            version: place(&enrolment.version),
            address: request.actor.address().cloned(),
            boot: None,
            life: 0,
            registered: self.clock.now().wall,
            seen: None,
        };
        self.before.change = Some(json!({
            "before": before.map(|registered| json!({ "agent": name, "registered": registered })),
            "after": {
                "agent": name, "location": kept.location, "machine": kept.machine,
                "token": token,
            },
        }));
        if let Some(left) = uses {
            let token = Name::from(token.as_str());
            self.batch.accounts.push(AccountChange::TokenUses(token, left - 1));
        }
        self.bring_along(&kept);
        self.batch.agents.push(kept);
        Ok(Outcome::Enrolled { name, key: Some(key) })
    }

    /// A name whose agent is there is not given to another one.
    fn nobody_lives_as(&self, name: &Name) -> Result<(), Problem> {
        let Some(entry) = self.agents.get(name) else { return Ok(()) };
        if entry.kept.boot.is_none() || entry.presence.phase() == AgentPhase::Offline {
            return Ok(());
        }
        let address = entry.kept.address.as_ref().map_or("", SafeText::as_str);
        Err(Problem::conflict(format!(
            "the agent `{name}` is there, from {address} (machine {}); stop it and wait two \
             minutes, or remove it with `fluxnoc agents remove {name}`",
            entry.kept.machine
        )))
    }

    /// Forgets an agent.
    pub(super) fn remove_agent(&mut self, name: &Name) -> Result<Outcome, Problem> {
        let Some(entry) = self.agents.get(name) else {
            let name = SafeText::line(name);
            return Err(Problem::not_found(format!("there is no agent `{name}`")));
        };
        let name = Name::clone(&entry.kept.name);
        self.before.change = Some(json!({ "before": { "agent": name }, "after": null }));
        self.take_along(&name);
        self.batch.agents_gone.push(name);
        Ok(done(1))
    }
}

/// Whether a token may be for an agent of this name, used so often.
pub(super) fn token_for(agent: Option<&Name>, uses: Option<u32>) -> Result<(), Problem> {
    let Some(agent) = agent else {
        return match uses {
            None => Ok(()),
            Some(_) => Err(Problem::invalid("`uses` is only for a token with `agent`")),
        };
    };
    valid_name(agent).map_err(|why| Problem::invalid(format!("`agent`: {why}")))?;
    if uses == Some(0) {
        return Err(Problem::invalid("`uses`: write 1 or more"));
    }
    Ok(())
}
