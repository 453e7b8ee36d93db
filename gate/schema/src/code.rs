//! Codes of everything a user can get wrong. A code is stable: scripts and searches rely on it.

/// A kind of mistake with its stable code, shown as `error[G103]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Code {
    /// A file cannot be read.
    Unreadable,
    /// A file is not the JSON it should be.
    Syntax,
    /// A document of a format or version this gate does not read.
    Format,
    /// A value in a document is wrong.
    Document,
    /// A document is larger than any real run.
    TooLarge,
    /// The runs have no scenario in common.
    NoOverlap,
    /// A report has no such row.
    NoRow,
    /// `gate.toml` is not TOML.
    PolicySyntax,
    /// A key in `gate.toml` that does not exist.
    PolicyKey,
    /// A value in `gate.toml` that cannot be.
    PolicyValue,
    /// A budget in a unit the metric does not have.
    PolicyUnit,
    /// An output cannot be written.
    Unwritable,
    /// An output would overwrite an input.
    Overwrite,
    /// A promotion that needs a reason.
    Promotion,
    /// A promotion that no reason allows.
    PromotionNever,
    /// A baseline that is not as it was promoted, or a looser policy without a reason.
    Baseline,
    /// The output of another tool cannot be imported.
    Import,
    /// A profile cannot be read.
    Profile,
    /// A revision that does not exist, or no repository.
    Revision,
    /// One side does not build.
    Build,
    /// The measuring command does not keep its contract.
    Measure,
    /// Another measurement of this repository is running.
    Busy,
    /// The measurement was interrupted.
    Interrupted,
    /// A disk became full while measuring.
    DiskFull,
    /// There is nothing to publish from: no event, no token, no repository.
    Publish,
    /// An artifact is not believed.
    Rejected,
    /// GitHub does not take what is to be published, or does not answer.
    GitHub,
    /// A history store cannot be read or added to.
    History,
    /// A run that no history takes.
    Unrecordable,
}

impl Code {
    /// All codes in numerical order.
    pub const ALL: [Self; 29] = [
        Self::Unreadable,
        Self::Syntax,
        Self::Format,
        Self::Document,
        Self::TooLarge,
        Self::NoOverlap,
        Self::NoRow,
        Self::PolicySyntax,
        Self::PolicyKey,
        Self::PolicyValue,
        Self::PolicyUnit,
        Self::Unwritable,
        Self::Overwrite,
        Self::Promotion,
        Self::PromotionNever,
        Self::Baseline,
        Self::Import,
        Self::Profile,
        Self::Revision,
        Self::Build,
        Self::Measure,
        Self::Busy,
        Self::Interrupted,
        Self::DiskFull,
        Self::Publish,
        Self::Rejected,
        Self::GitHub,
        Self::History,
        Self::Unrecordable,
    ];

    /// The code as it is printed.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        self.entry().0
    }

    /// What happened, as one sentence for the generated documentation.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        self.entry().1
    }

    /// What to do, as one sentence for the generated documentation.
    #[must_use]
    pub fn way_out(self) -> &'static str {
        self.entry().2
    }

    fn entry(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Unreadable => (
                "G101",
                "A file does not exist, is a directory, or may not be read.",
                "Check the path and its permissions.",
            ),
            Self::Syntax => (
                "G102",
                "A file is empty, truncated, not JSON, nested too deeply, or holds a number JSON cannot hold (NaN, Infinity, 1e400).",
                "Look at the line and column given; write the document again with the tool that made it.",
            ),
            Self::Format => (
                "G103",
                "The document is of a format or version this gate does not read.",
                "Use the gate release named in the hint, or `gate import` for another tool's output.",
            ),
            Self::Document => (
                "G104",
                "A value in the document is impossible, undeclared, duplicated or of the wrong type.",
                "Go to the JSON pointer given; a metric that was not measured is left out, never zero.",
            ),
            Self::TooLarge => (
                "G105",
                "The document is larger than 4 GiB.",
                "Split the run by scenario.",
            ),
            Self::NoOverlap => (
                "G106",
                "The two runs have no scenario in common, so nothing could be compared. That is never a pass.",
                "Check that both files come from the same suite, and that the baseline comes first.",
            ),
            Self::NoRow => (
                "G107",
                "The report has no such row.",
                "Use a scenario and metric of the report; the hint lists them.",
            ),
            Self::PolicySyntax => (
                "G201",
                "`gate.toml` or `waivers.toml` is not valid TOML.",
                "Go to the line and column given.",
            ),
            Self::PolicyKey => (
                "G202",
                "`gate.toml` or `waivers.toml` has a key that does not exist, so the setting would silently not apply.",
                "Use the nearest key, named in the hint.",
            ),
            Self::PolicyValue => (
                "G203",
                "A value in `gate.toml` or `waivers.toml` is missing, of the wrong type or out of range.",
                "Write it as in the hint.",
            ),
            Self::PolicyUnit => (
                "G204",
                "A budget or margin does not fit the unit of a metric that its rule matches.",
                "Narrow the rule's `metric` glob, or write the limit in the metric's unit.",
            ),
            Self::Unwritable => (
                "G301",
                "An output could not be written. It is complete on disk before it gets its name, so nothing is half-written. A verdict is still printed, and written wherever it can be.",
                "Check that the directory exists, is writable and has space.",
            ),
            Self::Overwrite => (
                "G302",
                "An output is also an input.",
                "Name another output file.",
            ),
            Self::Promotion => (
                "G401",
                "A promotion breaks a rule that nobody said to be broken for a reason: a dirty or unknown work tree, a commit of another history, too few sessions or repetitions, a level that is worse or twice as fast, a scenario that is gone or whose history would be dropped.",
                "Repair the run, or promote with the word of --accept that the hint names and --reason \"...\"; both are kept in the baseline.",
            ),
            Self::PromotionNever => (
                "G402",
                "A promotion that no reason allows: a wrong answer, a failed repetition, a planted change, an incomplete run, another machine without --replace.",
                "Repair what failed and measure the whole suite again, without plants.",
            ),
            Self::Baseline => (
                "G403",
                "A baseline is not as it was promoted, contradicts itself or git, is older than allowed or gone, guards less or accepts a worse level without a reason, or a policy or calibration tolerates more without one.",
                "Promote with `gate promote`; a looser policy says why in a line `# loosened: ...`.",
            ),
            Self::Import => (
                "G501",
                "The output of another tool is missing or not as that tool writes it.",
                "Run the tool first; see the path in the message.",
            ),
            Self::Profile => (
                "G502",
                "A profile is empty, cut off, not text, or not folded stacks, a stored profile or the output of `perf script`.",
                "Go to the line given, or take the profile again; see docs/profiling/README.md.",
            ),
            Self::Revision => (
                "G601",
                "A verb that measures was started outside a git repository, a revision does not exist in it, or nothing lies between two of them.",
                "Name a commit, branch or tag that `git rev-parse` knows; a shallow clone may lack it (`git fetch --unshallow`).",
            ),
            Self::Build => (
                "G602",
                "The build command failed on the side named.",
                "Its last lines are shown. Where only the baseline fails, choose another `--base`.",
            ),
            Self::Measure => (
                "G603",
                "The measuring command does not keep its contract, so there is nothing to compare.",
                "Its last lines are shown. Both sides need the files it starts: a base without them cannot be measured. See docs/measuring-command.md.",
            ),
            Self::Busy => (
                "G604",
                "Another `gate check`, `gate calibrate` or `gate bisect` of this repository is running; two at once would measure each other.",
                "Wait for it to end.",
            ),
            Self::Interrupted => (
                "G605",
                "The measurement was interrupted. Nothing was decided; what was measured is kept.",
                "Start it again, or look at what was measured with `gate compare`.",
            ),
            Self::DiskFull => (
                "G606",
                "A command failed while a disk was full, or said that one was. No side is to blame and nothing was decided; what was measured is kept.",
                "Make room where the message says, or measure on another disk: `--cache DIR` for checkouts and builds, TMPDIR for temporary files.",
            ),
            Self::Publish => (
                "G701",
                "`gate publish` does not know what to publish or where: the event file, the token, the repository or the address of the API is missing or wrong.",
                "Run it in a workflow on `workflow_run`, with GITHUB_TOKEN set; .github/workflows/publish.yml is one.",
            ),
            Self::Rejected => (
                "G702",
                "The artifact of a measuring run breaks a rule, so nothing of it was believed.",
                "See docs/publishing.md for the rule; nothing of the artifact is repeated in the message.",
            ),
            Self::GitHub => (
                "G703",
                "GitHub did not take what was to be published, or did not answer (exit code 4). A verdict that was reached stands in the summary of the job.",
                "Grant the permission that the hint names, or start the publishing run again.",
            ),
            Self::History => (
                "G801",
                "A history store does not exist, is empty, or cannot be added to.",
                "`gate record RUN --history STORE` makes one; for a branch, see what git says.",
            ),
            Self::Unrecordable => (
                "G802",
                "A run that a history does not take: one with planted changes, of a work tree that no commit holds, or a promoted baseline; for a calibration, that of a check that failed.",
                "Measure a commit, without plants, and record what was measured.",
            ),
        }
    }
}
