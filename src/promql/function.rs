//! The functions that are supported, and the names of those that are not.

/// Makes the enum of functions and the table of their names from one list.
macro_rules! functions {
    ($($variant:ident $name:literal)*) => {
        /// A function of the language, by its name there.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Function { $(#[doc = concat!("`", $name, "`")] $variant,)* }

        impl Function {
            /// All with their names.
            pub const ALL: &[(&'static str, Self)] = &[$(($name, Self::$variant),)*];
        }
    };
}

functions! {
    Abs "abs" Absent "absent" AbsentOverTime "absent_over_time" Acos "acos" Acosh "acosh"
    Asin "asin" Asinh "asinh" Atan "atan" Atanh "atanh" AvgOverTime "avg_over_time" Ceil "ceil"
    Changes "changes" Clamp "clamp" ClampMax "clamp_max" ClampMin "clamp_min" Cos "cos"
    Cosh "cosh" CountOverTime "count_over_time" DayOfMonth "day_of_month" DayOfWeek "day_of_week"
    DayOfYear "day_of_year" DaysInMonth "days_in_month" Deg "deg" Delta "delta" Deriv "deriv"
    Exp "exp" Floor "floor" HistogramQuantile "histogram_quantile" Hour "hour" Idelta "idelta"
    Increase "increase" Irate "irate" LabelJoin "label_join" LabelReplace "label_replace"
    LastOverTime "last_over_time" Ln "ln" Log10 "log10" Log2 "log2" MaxOverTime "max_over_time"
    MinOverTime "min_over_time" Minute "minute" Month "month" Pi "pi"
    PredictLinear "predict_linear" PresentOverTime "present_over_time"
    QuantileOverTime "quantile_over_time" Rad "rad" Rate "rate" Resets "resets" Round "round"
    Scalar "scalar" Sgn "sgn" Sin "sin" Sinh "sinh" Sort "sort" SortDesc "sort_desc" Sqrt "sqrt"
    StddevOverTime "stddev_over_time" StdvarOverTime "stdvar_over_time"
    SumOverTime "sum_over_time" Tan "tan" Tanh "tanh" Time "time" Timestamp "timestamp"
    Vector "vector" Year "year"
}

/// Functions that Prometheus has and this does not: of native histograms, of experiments, and those
/// that were renamed.
const OTHERS: &[&str] = &[
    "histogram_count",
    "histogram_sum",
    "histogram_fraction",
    "histogram_avg",
    "histogram_stddev",
    "histogram_stdvar",
    "histogram_quantiles",
    "holt_winters",
    "double_exponential_smoothing",
    "mad_over_time",
    "first_over_time",
    "ts_of_first_over_time",
    "ts_of_last_over_time",
    "ts_of_max_over_time",
    "ts_of_min_over_time",
    "sort_by_label",
    "sort_by_label_desc",
    "info",
    "integral",
    "max_of",
    "min_of",
    "range",
    "step",
    "start",
    "end",
    "start_timestamp",
];

impl Function {
    /// The function of a name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, function)| *function)
    }

    /// Whether Prometheus has a function of that name that is not supported here.
    pub fn is_other(name: &str) -> bool {
        OTHERS.contains(&name)
    }

    /// Whether it gives a number, not a vector.
    pub const fn is_scalar(self) -> bool {
        matches!(self, Self::Scalar | Self::Time | Self::Pi)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_is_found_by_its_name() {
        for (name, function) in Function::ALL {
            assert_eq!(Function::named(name), Some(*function));
            assert!(!Function::is_other(name), "{name}");
        }
        assert_eq!(Function::named("Rate"), None);
    }
}
