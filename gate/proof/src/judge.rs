//! Who decides: gate itself, or in tests a script.

use gate_core::calibrate::{self, Calibration};
use gate_core::evaluate::{EvaluateError, Known, Side, evaluate};
use gate_core::next::{Plan, Step, next};
use gate_schema::noise::Noise;
use gate_schema::policy::{Budget, Limit, Margin, Operator, Policy, Rule};
use gate_schema::report::Report;

use crate::documents::CREATED;
use crate::workload::{LIMIT_NS, Workload};

/// The three questions a gate asks.
pub trait Judge: Sync {
    /// What sessions of one build with itself say about the machine.
    ///
    /// # Errors
    /// Two runs that cannot be compared.
    fn learn(&self, sides: [Side<'_>; 2]) -> Result<Noise, EvaluateError>;

    /// What to measure next.
    ///
    /// # Errors
    /// Two runs that cannot be compared.
    fn next(
        &self,
        sides: [Side<'_>; 2],
        known: &Known<'_>,
        plan: Plan,
    ) -> Result<Step, EvaluateError>;

    /// The verdicts.
    ///
    /// # Errors
    /// Two runs that cannot be compared.
    fn evaluate(&self, sides: [Side<'_>; 2], known: &Known<'_>) -> Result<Report, EvaluateError>;
}

/// Gate, with a policy.
#[derive(Clone, Debug, Default)]
pub struct Gate {
    /// The policy of every gate.
    pub policy: Policy,
}

impl Gate {
    /// Gate with the policy that a workload needs to be judged: the built-in one, and what binds a row to its
    /// budget alone.
    #[must_use]
    pub fn of(workload: Workload) -> Self {
        let mut policy = Policy::default();
        if workload == Workload::Budget {
            policy.rules.push(Rule {
                metric: workload.judged().into(),
                margin: Some(Margin::Unjudged),
                budget: Some(Limit::Budget(Budget {
                    operator: Operator::AtMost,
                    limit: LIMIT_NS,
                    unit: None,
                    text: format!("<= {LIMIT_NS}"),
                })),
                ..Rule::default()
            });
        }
        Self { policy }
    }
}

impl Judge for Gate {
    fn learn(&self, arms: [Side<'_>; 2]) -> Result<Noise, EvaluateError> {
        let calibration = Calibration {
            arms,
            dropped: 1,
            created: CREATED,
            judged: None,
        };
        calibrate::learn(None, &calibration, &self.policy)
    }

    fn next(
        &self,
        [baseline, candidate]: [Side<'_>; 2],
        known: &Known<'_>,
        plan: Plan,
    ) -> Result<Step, EvaluateError> {
        next(baseline, candidate, known, &self.policy, plan)
    }

    fn evaluate(
        &self,
        [baseline, candidate]: [Side<'_>; 2],
        known: &Known<'_>,
    ) -> Result<Report, EvaluateError> {
        evaluate(baseline, candidate, known, &self.policy)
    }
}
