//! The one table of statuses, and the closed list of reasons that lead to them.

/// What a status does to the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Gate {
    /// Exit code 1, unless governance never gates.
    Fails,
    /// Exit code 4, where nothing failed.
    Undetermined,
    /// Exit code 1 with a strict gate only.
    Strict,
    /// Nothing.
    Passes,
}

macro_rules! statuses {
    ($($(#[$doc:meta])* $name:ident $word:literal $gate:ident $sarif:literal $junit:literal $oscal:literal $reason:literal;)*) => {
        /// Where a part of a control stands in one deployment. Worst first; the first that fits wins.
        ///
        /// A control takes the worst of its parts, a requirement the worst of its controls.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Status {
            $($(#[$doc])* $name,)*
        }

        /// A row of the table: a status, and the words for it in other vocabularies.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Row {
            /// The status.
            pub status: Status,
            /// The word for it in every report.
            pub name: &'static str,
            /// What it does to the exit code.
            pub gate: Gate,
            /// SARIF 2.1.0 `result.kind`.
            pub sarif_kind: &'static str,
            /// `failure`, `error`, `skipped` or `pass` in JUnit.
            pub junit: &'static str,
            /// OSCAL 1.2 `finding.target.status.state`; empty where the control is excluded.
            pub oscal_state: &'static str,
            /// OSCAL `finding.target.status.reason`.
            pub oscal_reason: &'static str,
        }

        impl Status {
            /// The table, worst first.
            pub const TABLE: &'static [Row] = &[
                $(Row { status: Self::$name, name: $word, gate: Gate::$gate, sarif_kind: $sarif, junit: $junit, oscal_state: $oscal, oscal_reason: $reason },)*
            ];

            /// Its row.
            #[must_use]
            pub const fn row(self) -> Row {
                match self {
                    $(Self::$name => Row { status: self, name: $word, gate: Gate::$gate, sarif_kind: $sarif, junit: $junit, oscal_state: $oscal, oscal_reason: $reason },)*
                }
            }
        }
    };
}

statuses! {
    /// Something failed, is overdue, contradicts itself, or belongs to nobody.
    NotSatisfied "not-satisfied" Fails "fail" "failure" "not-satisfied" "fail";
    /// Something could not be judged, or is not known and matters.
    Undetermined "undetermined" Undetermined "open" "error" "not-satisfied" "other";
    /// Proof exists and is older than its limit.
    Stale "stale" Fails "fail" "failure" "not-satisfied" "other";
    /// The provider's part, without a valid basis.
    InheritedUnproven "inherited-unproven" Fails "fail" "failure" "not-satisfied" "other";
    /// A document says so, and nothing shows it.
    ClaimOnly "claim-only" Strict "review" "skipped" "not-satisfied" "other";
    /// Promised, and not there.
    Planned "planned" Strict "review" "skipped" "not-satisfied" "other";
    /// Nothing was there to judge. Never a pass.
    NotAssessed "not-assessed" Strict "open" "skipped" "not-satisfied" "other";
    /// A person must say so and has not yet.
    ManualPending "manual-pending" Strict "review" "skipped" "not-satisfied" "other";
    /// The only defects left are waived.
    Waived "waived" Passes "fail" "skipped" "not-satisfied" "other";
    /// No period has closed yet.
    NotYetDue "not-yet-due" Passes "informational" "skipped" "not-satisfied" "other";
    /// A person said so.
    ManualAttested "manual-attested" Passes "pass" "pass" "satisfied" "other";
    /// The provider's part, under a valid basis.
    Inherited "inherited" Passes "pass" "pass" "satisfied" "other";
    /// Something was judged, and all of it is in order.
    Satisfied "satisfied" Passes "pass" "pass" "satisfied" "pass";
    /// Declared, with a reason.
    NotApplicable "not-applicable" Passes "notApplicable" "skipped" "" "";
}

impl Status {
    /// The word for it in every report.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.row().name
    }

    /// All statuses, worst first.
    pub fn all() -> impl Iterator<Item = Self> {
        Self::TABLE.iter().map(|row| row.status)
    }
}

macro_rules! reasons {
    ($($status:ident { $($(#[$doc:meta])* $name:ident $word:literal,)* })*) => {
        /// Why a part has its status. A closed list: each reason leads to one status.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Reason {
            $($($(#[$doc])* $name,)*)*
        }

        impl Reason {
            /// All reasons, worst first.
            pub const ALL: &'static [Self] = &[$($(Self::$name,)*)*];

            /// The word for it in policies and reports.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $($(Self::$name => $word,)*)*
                }
            }

            /// The status that it leads to.
            #[must_use]
            pub const fn status(self) -> Status {
                match self {
                    $($(Self::$name => Status::$status,)*)*
                }
            }
        }
    };
}

reasons! {
    NotSatisfied {
        /// A check failed.
        CheckFailed "check-failed",
        /// An occurrence of evidence is due and missing.
        EvidenceOverdue "evidence-overdue",
        /// A record says that the result was bad.
        EvidenceAdverse "evidence-adverse",
        /// What was revoked in a review is still granted.
        RevokedStillGranted "revoked-still-granted",
        /// A person had to say so by a date that has passed.
        StatementOverdue "statement-overdue",
        /// Two sources disagree.
        Contradiction "contradiction",
        /// Nobody is accountable.
        Unassigned "unassigned",
        /// Two parties are accountable for one part.
        TwoAccountable "two-accountable",
        /// A policy of the user's own denies it.
        PolicyDenied "policy-denied",
    }
    Undetermined {
        /// A check could not be decided.
        CheckUndecided "check-undecided",
        /// A file could not be read.
        InputUnreadable "input-unreadable",
        /// A policy about responsibility or evidence erred.
        PolicyError "policy-error",
        /// A fact of the deployment is not known, and it matters.
        FactUnknown "fact-unknown",
        /// A date is not known, and it matters.
        DateUnknown "date-unknown",
        /// The history that says when a record was filed is not there.
        FilingDateUnknown "filing-date-unknown",
        /// The source says that both have a duty, and not who does what.
        SplitNotStated "split-not-stated",
    }
    Stale {
        /// The newest record is older than its limit.
        EvidenceStale "evidence-stale",
        /// A document is past its own review date.
        ReviewOverdue "review-overdue",
    }
    InheritedUnproven {
        // What no report mends comes first.
        /// There is no attestation of this framework.
        AttestationMissing "attestation-missing",
        /// The deployment lies outside its scope.
        OutOfScope "out-of-scope",
        /// The provider does not offer this part to be inherited.
        NotInheritable "not-inheritable",
        /// It is a setting on the customer's side.
        CustomerSetting "customer-setting",
        /// The requirement is not among what it covers.
        CriterionNotCovered "criterion-not-covered",
        /// It speaks of design at one day, not of operation.
        TypeOne "type-one",
        /// Nobody independent stands behind it.
        NotIndependent "not-independent",
        /// It is promised.
        AttestationPlanned "attestation-planned",
        /// It has ended, or its period ended too long ago.
        AttestationLapsed "attestation-lapsed",
        /// The report is of another edition than the requirements, or does not name one.
        EditionDiffers "edition-differs",
        /// The auditor's opinion is not unqualified.
        OpinionQualified "opinion-qualified",
        /// The auditor found exceptions to this requirement.
        CriterionQualified "criterion-qualified",
        /// An agreement that it needs is not signed, or not in force.
        AgreementUnsigned "agreement-unsigned",
        /// The user holds no report.
        ReportMissing "report-missing",
        /// None of us has read the report, or the time to read it again has passed.
        ReportNotReviewed "report-not-reviewed",
        /// A control that the provider expects of us is mapped to none of ours.
        CuecUnmapped "cuec-unmapped",
        /// A subservice provider is carved out, and its link of the chain does not hold.
        ChainOpen "chain-open",
        /// The pack's own facts are past their review date.
        TermsOutdated "terms-outdated",
    }
    ClaimOnly {
        /// The record is empty.
        RecordEmpty "record-empty",
        /// The record is a template that nobody filled in.
        RecordTemplate "record-template",
        /// The record does not say who did it, when, or with what result.
        RecordUnsigned "record-unsigned",
        /// The record is not decided row by row.
        RecordUndecided "record-undecided",
        /// An alternative is named, and the assessment behind it is not there.
        AlternativeUndocumented "alternative-undocumented",
    }
    Planned {
        /// Promised.
        Promised "promised",
    }
    NotAssessed {
        /// No target was there.
        NoTargets "no-targets",
        /// Neither check nor evidence nor statement shows it.
        NothingShowsIt "nothing-shows-it",
        /// No event is recorded that would ask for a record.
        NoEvent "no-event",
    }
    ManualPending {
        /// A person must say so.
        StatementPending "statement-pending",
    }
    Waived {
        /// Somebody waived it.
        Waiver "waiver",
    }
    NotYetDue {
        /// No period has closed yet.
        NotDue "not-due",
    }
    ManualAttested {
        /// A person said so.
        StatementMade "statement-made",
        /// An alternative measure, with the assessment behind it.
        AlternativeDocumented "alternative-documented",
    }
    Inherited {
        /// The provider's, and proved.
        InheritedFrom "inherited-from",
    }
    Satisfied {
        /// Targets were judged, and all are in order.
        ChecksPassed "checks-passed",
        /// What the check forbids is nowhere in the targets that could have it.
        NonePresent "none-present",
        /// The record that is due is there and good.
        EvidenceGood "evidence-good",
    }
    NotApplicable {
        /// Declared, with a reason.
        DeclaredNotApplicable "declared-not-applicable",
    }
}

impl Reason {
    /// The reason of a name.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|r| r.name() == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The table of the design, row by row: what stands further up is worse, and wins.
    #[test]
    fn the_worse_of_two_statuses_wins_pair_by_pair() {
        let order = [
            "not-satisfied",
            "undetermined",
            "stale",
            "inherited-unproven",
            "claim-only",
            "planned",
            "not-assessed",
            "manual-pending",
            "waived",
            "not-yet-due",
            "manual-attested",
            "inherited",
            "satisfied",
            "not-applicable",
        ];
        let statuses: Vec<Status> = Status::all().collect();
        assert_eq!(statuses.len(), order.len());
        for (i, a) in statuses.iter().enumerate() {
            assert_eq!(a.name(), order[i]);
            for (j, b) in statuses.iter().enumerate() {
                let worst = (*a).min(*b);
                assert_eq!(
                    worst.name(),
                    order[i.min(j)],
                    "{} and {}",
                    a.name(),
                    b.name()
                );
            }
        }
    }

    #[test]
    fn every_status_has_a_reason_and_every_name_is_unique() {
        for status in Status::all() {
            assert!(
                Reason::ALL.iter().any(|r| r.status() == status),
                "{status:?}"
            );
        }
        let mut names: Vec<_> = Reason::ALL.iter().map(|r| r.name()).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count);
        for reason in Reason::ALL {
            assert_eq!(Reason::from_name(reason.name()), Some(*reason));
        }
    }
}
