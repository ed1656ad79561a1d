//! Checked documents become nouns. References are resolved later, when all files are read.

use onus_model::catalog::{
    CheckLink, Control, Coverage, Crosswalk, CrosswalkRow, Evidence, EvidenceKind, Framework,
    Group, Misspelt, OutsideRecord, Profile, Requirement, Satisfies, StatementRule,
};
use onus_model::check::Severity;
use onus_model::date::{Frequency, Length};
use onus_model::problem::did_you_mean;
use onus_model::responsibility::{
    Agreement, Area, Assignment, Attestation, AttestationType, Choice, Condition, Cuec, Fact,
    Matrix, Owner, Part, Party, Provenance, Reviewed, Says, Scope, Statement, Subservice,
};
use onus_model::setup::{Declared, Deployment, Gates, GovernanceGate, HeldTo, Setup, Without};
use onus_model::source::Spanned;
use onus_model::waiver::{Waiver, WaiverKind, Waiving};

use super::grammar::Reader;
use crate::document::{Kind, NodeId};
use crate::records::PathPattern;

/// A statement holds for so long where nothing is said.
const STATEMENT: Length = Length::months(12);

fn severity(word: Option<&str>) -> Option<Severity> {
    Severity::ALL.into_iter().find(|s| Some(s.name()) == word)
}

fn values(words: Vec<Spanned<String>>) -> Vec<String> {
    words.into_iter().map(|w| w.value).collect()
}

impl Reader<'_, '_> {
    pub(super) fn framework(&mut self, root: NodeId) -> Option<Framework> {
        let id = self.get(root, "framework")?;
        let groups: Vec<Group> = self
            .list(root, "groups")
            .into_iter()
            .filter_map(|item| {
                Some(Group {
                    id: self.get(item, "id")?,
                    title: self.plain(item, "title").unwrap_or_default(),
                    within: self.get(item, "within"),
                })
            })
            .collect();
        let mut requirements: Vec<Requirement> = self
            .list(root, "requirements")
            .into_iter()
            .filter_map(|item| {
                Some(Requirement {
                    id: self.get(item, "id")?,
                    title: self.plain(item, "title").unwrap_or_default(),
                    within: self.get(item, "within"),
                    category: self.plain(item, "category"),
                    addressable: self.plain(item, "implementation").as_deref()
                        == Some("addressable"),
                    names: values(self.words(item, "names")),
                })
            })
            .collect();
        // Without a title of its own, it is called as what it stands within.
        for index in 0..requirements.len() {
            let above = requirements
                .get(index)
                .filter(|r| r.title.is_empty())
                .and_then(|r| r.within.as_ref());
            let title = above.and_then(|above| {
                let group = groups.iter().find(|g| g.id.value == above.value);
                let outer = requirements.iter().find(|r| r.id.value == above.value);
                group
                    .map(|g| g.title.clone())
                    .or_else(|| outer.map(|r| r.title.clone()))
            });
            if let (Some(title), Some(requirement)) = (title, requirements.get_mut(index)) {
                requirement.title = title;
            }
        }
        let untitled: Vec<Spanned<String>> = requirements
            .iter()
            .filter(|r| r.title.is_empty())
            .map(|r| r.id.clone())
            .collect();
        for id in untitled {
            self.problem(format!("`{}` has no title", id.value), id.span)
                .help = Some("give it one, or say `within` what it stands".to_owned());
        }
        Some(Framework {
            aliases: values(self.words(root, "aliases")),
            title: self.plain(root, "title").unwrap_or_default(),
            version: self.plain(root, "version").unwrap_or_default(),
            editions: values(self.words(root, "editions")),
            source: self.plain(root, "source"),
            requirements,
            groups,
            misspelt: self
                .list(root, "misspelt")
                .into_iter()
                .filter_map(|item| {
                    Some(Misspelt {
                        id: self.get(item, "id")?,
                        means: self.words(item, "means"),
                        note: self.plain(item, "note"),
                    })
                })
                .collect(),
            profiles: self
                .list(root, "profiles")
                .into_iter()
                .filter_map(|item| {
                    Some(Profile {
                        id: self.get(item, "id")?,
                        title: self.plain(item, "title").unwrap_or_default(),
                        extends: self.words(item, "extends"),
                        requirements: self.words(item, "requirements"),
                    })
                })
                .collect(),
            text: self.text.clone(),
            id,
        })
    }

    pub(super) fn crosswalk(&mut self, root: NodeId) -> Option<Crosswalk> {
        Some(Crosswalk {
            id: self.get(root, "crosswalk")?,
            title: self.plain(root, "title").unwrap_or_default(),
            from: self.get(root, "from")?,
            source: self.plain(root, "source"),
            rows: self
                .list(root, "rows")
                .into_iter()
                .filter_map(|row| {
                    let confirmed = self.words(row, "confirmed");
                    let known =
                        |to: &Spanned<String>| confirmed.iter().any(|c| c.value == to.value);
                    Some(CrosswalkRow {
                        from: self.get(row, "from")?,
                        to: self
                            .words(row, "to")
                            .into_iter()
                            .map(|to| {
                                let known = known(&to);
                                (to, known)
                            })
                            .collect(),
                    })
                })
                .collect(),
            text: self.text.clone(),
        })
    }

    pub(super) fn control(&mut self, root: NodeId, packed: bool) -> Option<Control> {
        let id = self.get(root, "control")?;
        let satisfies = self
            .list(root, "satisfies")
            .into_iter()
            .filter_map(|item| {
                // `- framework/requirement` says: a part of it.
                if self.tree.kind(item) == Kind::Scalar {
                    return Some(Satisfies {
                        requirement: self.word(item)?,
                        coverage: Coverage::Partial,
                    });
                }
                Some(Satisfies {
                    requirement: self.get(item, "requirement")?,
                    coverage: match self.plain(item, "full") {
                        Some(reason) => Coverage::Full(reason),
                        None => Coverage::Partial,
                    },
                })
            })
            .collect();
        let checks = self
            .list(root, "checks")
            .into_iter()
            .filter_map(|item| {
                if self.tree.kind(item) == Kind::Scalar {
                    return Some(CheckLink {
                        check: self.word(item)?,
                        part: None,
                    });
                }
                Some(CheckLink {
                    check: self.get(item, "check")?,
                    part: self.get(item, "part"),
                })
            })
            .collect();
        let evidence = self
            .list(root, "evidence")
            .into_iter()
            .filter_map(|item| self.evidence(item))
            .collect();
        let statements = self
            .list(root, "statement")
            .into_iter()
            .filter(|n| self.tree.kind(*n) == Kind::Mapping)
            .map(|node| StatementRule {
                by: self.plain(node, "by"),
                part: self.get(node, "part"),
                due: self.date(node, "due"),
                valid: self.finite(node, "valid").map_or(STATEMENT, |l| l.value),
                ask: self.plain(node, "ask"),
                span: self.head(node),
            })
            .collect();
        Some(Control {
            title: self.plain(root, "title").unwrap_or_default(),
            domain: self.plain(root, "domain"),
            severity: severity(self.plain(root, "severity").as_deref()).unwrap_or(Severity::Medium),
            owner: self.plain(root, "owner"),
            satisfies,
            covers: self.covers(root),
            responsibility: self.get(root, "responsibility"),
            checks,
            evidence,
            statements,
            planned: self.get(root, "planned"),
            remediation: self.plain(root, "remediation"),
            reviewed: self.date(root, "reviewed"),
            review_by: self.day(root, "review_by"),
            span: self.tree.span(root),
            text: self.text.clone(),
            packed,
            id,
        })
    }

    fn evidence(&mut self, item: NodeId) -> Option<Evidence> {
        let id = self.get(item, "evidence")?;
        let path = self.get(item, "path")?;
        let word = self.plain(item, "every");
        let every = Frequency::ALL
            .into_iter()
            .find(|f| Some(f.name()) == word.as_deref());
        let evidence = Evidence {
            title: self.plain(item, "title").unwrap_or_default(),
            part: self.get(item, "part"),
            every,
            events: self.get(item, "events"),
            max_age: self.finite(item, "max_age"),
            starts: self.date(item, "starts"),
            first_partial: self.plain(item, "first").as_deref() == Some("partial"),
            grace: self.finite(item, "grace").map(|g| g.value),
            retention: self.length(item, "retention"),
            by: self.plain(item, "by"),
            kind: match self.plain(item, "kind").as_deref() {
                Some("document") => EvidenceKind::Document,
                Some("access-review") => EvidenceKind::AccessReview,
                _ => EvidenceKind::Record,
            },
            span: self.head(item),
            id,
            path,
        };
        if let Some(problem) = super::grammar::pattern_problem(&evidence, self.text) {
            self.problems.push(problem);
        }
        let periodic = evidence.every.filter(|every| *every != Frequency::Event);
        if let Some((every, Ok(pattern))) =
            periodic.map(|every| (every, PathPattern::parse(&evidence.path.value)))
        {
            self.named_by_date(every, &pattern, &evidence.path);
        }
        if evidence.every == Some(Frequency::Event) && evidence.events.is_none() {
            self.problem(
                "`every: event` does not say where events are recorded",
                evidence.id.span,
            )
            .help = Some("add `events: incidents/{id}.yaml`".to_owned());
        }
        let limited = evidence.max_age.is_some() || evidence.kind == EvidenceKind::Document;
        if word.is_none() && !limited {
            self.problem(
                format!("`{}` says neither how often nor how old", evidence.id.value),
                evidence.id.span,
            )
            .help = Some("add `every: quarter`, or `max_age: 12 months`".to_owned());
        }
        Some(evidence)
    }

    /// Records of a period lie in files of their own.
    fn named_by_date(&mut self, every: Frequency, pattern: &PathPattern, path: &Spanned<String>) {
        let known = PathPattern::DATES;
        if pattern.names().any(|name| known.contains(&name)) {
            return;
        }
        let near = pattern
            .names()
            .find_map(|name| Some((name, did_you_mean(name, known.iter().copied())?)));
        let (message, help) = match near {
            Some((name, near)) => (
                format!("`{{{name}}}` is no name of a date"),
                format!("did you mean `{{{near}}}`?"),
            ),
            // The record itself may say which period it is about.
            None if pattern.names().next().is_some() => return,
            None => (
                format!("all records of every {} would be one file", every.name()),
                format!(
                    "name the period in the path: `{{{}}}`",
                    known.join("}`, `{")
                ),
            ),
        };
        self.say(message, path.span, help);
    }

    fn provenance(&self, root: NodeId) -> Provenance {
        Provenance {
            source: self.plain(root, "source"),
            as_of: self.date(root, "as_of"),
            review_by: self.day(root, "review_by"),
        }
    }

    fn choices(&self, root: NodeId, key: &str) -> Vec<Choice> {
        self.list(root, key)
            .into_iter()
            .filter_map(|item| {
                if self.tree.kind(item) == Kind::Scalar {
                    return Some(Choice {
                        id: self.word(item)?,
                        title: None,
                        names: Vec::new(),
                        on: None,
                        plans: Vec::new(),
                        from: None,
                        until: None,
                    });
                }
                Some(Choice {
                    id: self.get(item, "id")?,
                    title: self.plain(item, "title"),
                    names: values(self.words(item, "names")),
                    on: self.get(item, "on"),
                    plans: self.words(item, "plans"),
                    from: self.date(item, "from"),
                    until: self.date(item, "until"),
                })
            })
            .collect()
    }

    pub(super) fn party(&mut self, root: NodeId) -> Option<Party> {
        Some(Party {
            id: self.get(root, "party")?,
            title: self.plain(root, "title").unwrap_or_default(),
            plans: self.choices(root, "plans"),
            offerings: self.choices(root, "offerings"),
            regions: self.choices(root, "regions"),
            region_types: self.choices(root, "region_types"),
            components: self.choices(root, "components"),
            region_suffix: self.plain(root, "region_suffix"),
            files: self.words(root, "files"),
            provenance: self.provenance(root),
            text: self.text.clone(),
        })
    }

    pub(super) fn matrix(&mut self, root: NodeId) -> Option<Matrix> {
        let id = self.get(root, "responsibility")?;
        let of = self.get(root, "of")?;
        let areas = self
            .list(root, "areas")
            .into_iter()
            .filter_map(|item| {
                Some(Area {
                    id: self.get(item, "area")?,
                    title: self.plain(item, "title").unwrap_or_default(),
                    requirements: self.words(item, "requirements"),
                    dependent: self
                        .plain(item, "subtype")
                        .map(|subtype| subtype == "dependent"),
                    parts: self
                        .list(item, "parts")
                        .into_iter()
                        .filter_map(|part| self.part(part, &of.value))
                        .collect(),
                    span: self.head(item),
                })
            })
            .collect();
        Some(Matrix {
            id,
            title: self.plain(root, "title").unwrap_or_default(),
            framework: self.get(root, "framework"),
            provenance: self.provenance(root),
            areas,
            text: self.text.clone(),
            of,
        })
    }

    fn owner(&self, mapping: NodeId, provider: &str) -> Option<Spanned<Owner>> {
        let word = self.get(mapping, "accountable")?;
        let value = match word.value.as_str() {
            "customer" => Owner::Customer,
            "provider" => Owner::Party(provider.to_owned()),
            other => Owner::Party(other.to_owned()),
        };
        Some(Spanned {
            value,
            span: word.span,
        })
    }

    fn part(&mut self, item: NodeId, provider: &str) -> Option<Part> {
        let id = self.get(item, "part")?;
        let performs = self.words(item, "performs");
        let mut assignments = Vec::new();
        if let Some(accountable) = self.owner(item, provider) {
            assignments.push(Assignment {
                when: None,
                accountable,
                performs: performs.clone(),
                from: None,
                until: None,
                quote: self.plain(item, "quote"),
                span: self.head(item),
            });
        }
        for assignment in self.list(item, "assign") {
            let Some(accountable) = self.owner(assignment, provider) else {
                continue;
            };
            let own = self.words(assignment, "performs");
            assignments.push(Assignment {
                when: self
                    .node(assignment, "when")
                    .and_then(|node| self.condition(node)),
                accountable,
                performs: if own.is_empty() {
                    performs.clone()
                } else {
                    own
                },
                from: self.date(assignment, "from"),
                until: self.date(assignment, "until"),
                quote: self.plain(assignment, "quote"),
                span: self.head(assignment),
            });
        }
        let said = ["accountable", "assign", "both", "not_applicable"]
            .into_iter()
            .filter(|key| self.node(item, key).is_some())
            .collect::<Vec<_>>();
        // `both` says what holds where no assignment does.
        let fine = said.len() < 2 || said == ["assign", "both"];
        if !fine {
            self.problem(
                format!("a part has one of `{}`", said.join("` and `")),
                id.span,
            )
            .help = Some(
                "say `accountable`, or `assign` where it depends, or `both`, or `not_applicable`"
                    .to_owned(),
            );
        }
        Some(Part {
            title: self.plain(item, "title").unwrap_or_default(),
            assignments,
            both: self.get(item, "both"),
            not_applicable: self.get(item, "not_applicable"),
            inheritable: self.words(item, "inheritable"),
            customer_setting: self.flag(item, "customer_setting").unwrap_or(false),
            quote: self.plain(item, "quote"),
            span: self.tree.span(item),
            id,
        })
    }

    fn condition(&mut self, node: NodeId) -> Option<Condition> {
        if self.tree.kind(node) == Kind::Scalar {
            return self.word(node).map(Condition::Cedar);
        }
        let mut facts = Vec::new();
        let entries: Vec<_> = self.tree.entries(node).collect();
        for entry in entries {
            let name = self.tree.raw(entry.key).to_owned();
            let Some(fact) = Fact::ALL.into_iter().find(|f| f.name() == name) else {
                let names = Fact::ALL.map(Fact::name).join("`, `");
                let span = self.tree.span(entry.key);
                self.problem(format!("`{name}` is no fact of a deployment"), span)
                    .help = Some(format!("the facts are `{names}`"));
                continue;
            };
            let list = if self.tree.kind(entry.value) == Kind::Sequence {
                self.tree.items(entry.value).collect()
            } else {
                vec![entry.value]
            };
            facts.push((
                fact,
                list.into_iter().filter_map(|n| self.word(n)).collect(),
            ));
        }
        Some(Condition::Facts(facts))
    }

    pub(super) fn attestation(&mut self, root: NodeId, packed: bool) -> Option<Attestation> {
        let id = self.get(root, "attestation")?;
        let kind = self.get(root, "type").and_then(|word| {
            let kind = AttestationType::ALL
                .into_iter()
                .find(|k| k.name() == word.value)?;
            Some(Spanned {
                value: kind,
                span: word.span,
            })
        });
        let period = self
            .node(root, "period")
            .and_then(|node| self.period(node, "from", "to"));
        let bridge = self
            .node(root, "bridge")
            .and_then(|node| self.period(node, "issued", "to"));
        let reviewed = self.node(root, "reviewed").and_then(|node| {
            let on = self.date(node, "on")?;
            Some(Reviewed {
                by: self.plain(node, "by")?,
                on,
                again_by: self
                    .date(node, "again_by")
                    .unwrap_or_else(|| Length::months(12).after(on)),
                span: self.head(node),
            })
        });
        let report = self.node(root, "report").and_then(|node| {
            let digest = self.digest(node, "sha256")?.value;
            Some(Spanned {
                value: (self.plain(node, "locator")?, digest),
                span: self.head(node),
            })
        });
        Some(Attestation {
            terms: self.get(root, "terms"),
            title: self.plain(root, "title"),
            of: self.get(root, "of"),
            framework: self.get(root, "framework"),
            edition: self.plain(root, "edition"),
            kind,
            status: self.get(root, "status"),
            due: self.day(root, "due"),
            categories: self.some_words(root, "categories"),
            criteria: self.some_words(root, "criteria"),
            exceptions: self
                .list(root, "exceptions")
                .into_iter()
                .map(|item| (self.words(item, "criteria"), self.plain(item, "note")))
                .collect(),
            opinion: self.get(root, "opinion"),
            auditor: self.plain(root, "auditor"),
            scope: self
                .list(root, "scope")
                .into_iter()
                .map(|item| Scope {
                    from: self.date(item, "from"),
                    until: self.date(item, "until"),
                    plans: self.some_words(item, "plans"),
                    offerings: self.some_words(item, "offerings"),
                    regions: self.some_words(item, "regions"),
                    except_regions: self.words(item, "except_regions"),
                    region_types: self.some_words(item, "region_types"),
                    components: self.some_words(item, "components"),
                    except_components: self.words(item, "except_components"),
                    source: self.plain(item, "source"),
                    span: self.head(item),
                })
                .collect(),
            period,
            issued: self.date(root, "issued"),
            expires: self.day(root, "expires"),
            bridge,
            subservice: self
                .list(root, "subservice")
                .into_iter()
                .filter_map(|item| {
                    Some(Subservice {
                        party: self.get(item, "party")?,
                        carved_out: self.plain(item, "method")? == "carve-out",
                        criteria: self.some_words(item, "criteria"),
                    })
                })
                .collect(),
            cuecs: self
                .list(root, "cuecs")
                .into_iter()
                .filter_map(|item| {
                    Some(Cuec {
                        id: self.get(item, "id")?,
                        title: self.plain(item, "title").unwrap_or_default(),
                        criteria: self.some_words(item, "criteria"),
                    })
                })
                .collect(),
            mapped: self
                .pairs(root, "mapped")
                .into_iter()
                .map(|(id, node)| {
                    let items = if self.tree.kind(node) == Kind::Sequence {
                        self.tree.items(node).collect()
                    } else {
                        vec![node]
                    };
                    (id, items.into_iter().filter_map(|n| self.word(n)).collect())
                })
                .collect(),
            agreements: self.words(root, "agreements"),
            report,
            reviewed,
            provenance: self.provenance(root),
            span: self.tree.span(root),
            text: self.text.clone(),
            packed,
            id,
        })
    }

    pub(super) fn agreement(&mut self, root: NodeId) -> Option<Agreement> {
        let agreement = Agreement {
            id: self.get(root, "agreement")?,
            kind: self.get(root, "kind")?,
            with: self.get(root, "with")?,
            status: self.get(root, "status")?,
            signed: self.date(root, "signed"),
            expires: self.date(root, "expires"),
            document: self.get(root, "document"),
            sha256: self.digest(root, "sha256"),
            text: self.text.clone(),
        };
        if agreement.status.value == "signed" && agreement.signed.is_none() {
            self.problem(
                "a signed agreement says when it was signed",
                agreement.status.span,
            )
            .help = Some("add `signed: 2026-01-31`".to_owned());
        }
        Some(agreement)
    }

    pub(super) fn statement(&mut self, root: NodeId) -> Option<Statement> {
        let id = self.get(root, "statement")?;
        let says = match self.plain(root, "says")?.as_str() {
            "implemented" => Says::Implemented,
            "alternative" => Says::Alternative,
            "not-applicable" => Says::NotApplicable,
            _ => return None,
        };
        let statement = Statement {
            control: self.get(root, "control"),
            part: self.get(root, "part"),
            requirement: self.get(root, "requirement"),
            deployments: self.words(root, "deployments"),
            says,
            reason: self.plain(root, "reason")?,
            by: self.plain(root, "by")?,
            role: self.plain(root, "role")?,
            on: self.date(root, "on")?,
            until: self.date(root, "until"),
            assessment: self.get(root, "assessment"),
            span: self.head(root),
            text: self.text.clone(),
            id,
        };
        if statement.control.is_some() == statement.requirement.is_some() {
            self.problem(
                "a statement is about a control or about a requirement",
                statement.id.span,
            )
            .help = Some("say `control: ID` or `requirement: FRAMEWORK/ID`".to_owned());
            return None;
        }
        Some(statement)
    }

    pub(super) fn record(&mut self, root: NodeId) -> Option<OutsideRecord> {
        let sha256 = self.digest(root, "sha256")?;
        let period = self.get(root, "period")?;
        Some(OutsideRecord {
            evidence: self.get(root, "record")?,
            period,
            locator: self.plain(root, "locator")?,
            sha256,
            performed_by: self.plain(root, "performed_by")?,
            performed_on: self.date(root, "performed_on")?,
            adverse: self.plain(root, "result")? == "adverse",
            open_exceptions: self
                .plain(root, "open_exceptions")
                .and_then(|n| n.parse().ok())
                .unwrap_or(0),
            text: self.text.clone(),
        })
    }

    pub(super) fn waiver(&mut self, root: NodeId) -> Option<Waiver> {
        let id = self.get(root, "waiver")?;
        let kind = self.plain(root, "kind")?;
        let waiver = Waiver {
            check: self.get(root, "check"),
            control: self.get(root, "control"),
            target: self.get(root, "target"),
            path: self.get(root, "path"),
            lines: None,
            deployments: self.words(root, "deployments"),
            kind: WaiverKind::ALL.into_iter().find(|k| k.name() == kind)?,
            reason: self.plain(root, "reason")?,
            owner: self.plain(root, "owner"),
            requested_by: self.plain(root, "requested_by"),
            approved_by: self.get(root, "approved_by"),
            period: self.period(root, "from", "expires")?,
            span: self.head(root),
            text: self.text.clone(),
            id,
        };
        if waiver.check.is_some() == waiver.control.is_some() {
            self.problem("a waiver is of one check or of one control", waiver.id.span)
                .help = Some("say `check: ID` or `control: ID`".to_owned());
            return None;
        }
        Some(waiver)
    }

    pub(super) fn setup(&mut self, root: NodeId) -> Option<Setup> {
        if let Some(version) = self.get(root, "onus")
            && version.value != "1"
        {
            self.problem(
                format!("version {} of this format is not known", version.value),
                version.span,
            )
            .help = Some("write `onus: 1`".to_owned());
            return None;
        }
        let frameworks = self
            .list(root, "frameworks")
            .into_iter()
            .filter_map(|item| {
                if self.tree.kind(item) == Kind::Scalar {
                    return Some(HeldTo {
                        framework: self.word(item)?,
                        exclude: Vec::new(),
                    });
                }
                Some(HeldTo {
                    framework: self.get(item, "framework")?,
                    exclude: self
                        .list(item, "exclude")
                        .into_iter()
                        .filter_map(|e| {
                            Some((self.words(e, "requirements"), self.plain(e, "reason")?))
                        })
                        .collect(),
                })
            })
            .collect();
        let deployments: Vec<Deployment> = self
            .list(root, "deployments")
            .into_iter()
            .filter_map(|item| self.deployment(item))
            .collect();
        let gates = self.node(root, "gates").map(|node| Gates {
            fail_on: severity(self.plain(node, "fail_on").as_deref()),
            governance: self
                .plain(node, "governance")
                .and_then(|word| GovernanceGate::ALL.into_iter().find(|g| g.name() == word)),
            filing_as_stated: self.plain(node, "filing").as_deref() == Some("as-stated"),
            provider: self.flag(node, "provider").unwrap_or(false),
        });
        let mut waiving = Waiving::default();
        if let Some(node) = self.node(root, "waiving") {
            waiving.never = self.words(node, "never");
            waiving.inline = self.flag(node, "inline").unwrap_or(false);
            if let Some(warn) = self.finite(node, "warn") {
                waiving.warn = warn.value;
            }
            if let Some(longest) = self.node(node, "longest") {
                for (severity, place) in Severity::ALL.iter().zip(&mut waiving.longest) {
                    if let Some(length) = self.finite(longest, severity.name()) {
                        *place = (length.value, true);
                    }
                }
            }
        }
        let each = |reader: &Self, key: &str| reader.list(root, key);
        let (agreements, statements, waivers) = (
            each(self, "agreements"),
            each(self, "statements"),
            each(self, "waivers"),
        );
        Some(Setup {
            system: self.plain(root, "system"),
            frameworks,
            deployments,
            controls: self.words(root, "controls"),
            policies: self.words(root, "policies"),
            parameters: self
                .pairs(root, "set")
                .into_iter()
                .filter_map(|(name, node)| Some((name, self.word(node)?.value)))
                .collect(),
            agreements: agreements
                .into_iter()
                .filter_map(|n| self.agreement(n))
                .collect(),
            statements: statements
                .into_iter()
                .filter_map(|n| self.statement(n))
                .collect(),
            without: self
                .list(root, "without")
                .into_iter()
                .filter_map(|item| {
                    Some(Without {
                        controls: self.words(item, "controls"),
                        reason: self.plain(item, "reason")?,
                    })
                })
                .collect(),
            waivers: waivers.into_iter().filter_map(|n| self.waiver(n)).collect(),
            documents: self.words(root, "documents"),
            adopted: self.date(root, "adopted"),
            gates: gates.unwrap_or_default(),
            waiving,
            text: self.text.clone(),
        })
    }

    fn deployment(&mut self, item: NodeId) -> Option<Deployment> {
        let mut facts = Vec::new();
        for fact in Fact::ALL {
            if let Some(word) = self.get(item, fact.name()) {
                let declared = Declared {
                    value: (word.value != "unknown").then_some(word.value),
                    span: word.span,
                };
                facts.push((fact, declared));
            }
        }
        Some(Deployment {
            id: self.get(item, "deployment")?,
            on: self.get(item, "on"),
            facts,
            components: self.some_words(item, "components"),
            data: self.words(item, "data"),
            paths: self.words(item, "paths"),
            proof: self
                .pairs(item, "proof")
                .into_iter()
                .filter_map(|(name, node)| Some((name, self.word(node)?)))
                .collect(),
            text: Some(self.text.clone()),
        })
    }
}
