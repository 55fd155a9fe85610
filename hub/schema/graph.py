"""Assembles all parts and links of the graph, and builds the schemas.

The parts are assembled once, when this module is imported: each module of the graph has declared its types and root
fields in its part, and each link of ``hub.schema.links`` is added to the part that owns its target. ``schema`` then
builds a schema on demand and caches it for each combination of its arguments.
"""

from __future__ import annotations

from functools import cache

from strawberry.extensions import SchemaExtension

from hub.complaints.field_authority import SharedField
from hub.errors import BadSetting
from hub.schema import (
    account,
    agreement,
    audit,
    changes,
    complaints,
    licensing,
    own_client,
    payments,
    procurement,
    put_records,
    reports,
    subscriptions,
    systems,
)
from hub.schema.agreement import days as agreement_days
from hub.schema.agreement import disagreements, permit_facts
from hub.schema.agreement import totals as agreement_totals
from hub.schema.complaints import (
    aggregates,
    answer_totals,
    claims,
    conflicts,
    deliveries,
    delivery_groups,
    delivery_mutations,
    officer_mutations,
    queries,
    reporter_mutations,
    submission,
    tracking_codes,
    viewer,
)
from hub.schema.complaints.field_authority import authority_directives
from hub.schema.composition import HubSchema, build_schema
from hub.schema.licensing import businesses, permits
from hub.schema.licensing import totals as permit_totals
from hub.schema.links import LINKS
from hub.schema.operations import client_acts, system_acts
from hub.schema.operations import clients as operator_clients
from hub.schema.operations import issues as operator_issues
from hub.schema.operations import quarantine as operator_quarantine
from hub.schema.operations import status as operator_status
from hub.schema.operations import streams as operator_streams  # noqa: F401 - extends System
from hub.schema.part import Part
from hub.schema.webhooks import mutations as webhook_mutations
from hub.schema.webhooks import webhooks

PARTS: tuple[Part, ...] = (
    complaints.part,
    reports.part,
    payments.part,
    procurement.part,
    licensing.part,
    agreement.part,
    systems.part,
)

for _queries in (
    queries.Query,
    aggregates.Query,
    answer_totals.Query,
    deliveries.Query,
    delivery_groups.Query,
    conflicts.Query,
    claims.Query,
    viewer.Query,
):
    complaints.part.query(_queries)
for _mutations in (
    submission.Mutation,
    officer_mutations.Mutation,
    reporter_mutations.Mutation,
    delivery_mutations.Mutation,
    delivery_groups.Mutation,
    conflicts.Mutation,
    tracking_codes.Mutation,
    claims.Mutation,
):
    complaints.part.mutation(_mutations)
for _licensing in (permits.Query, businesses.Query, permit_totals.Query):
    licensing.part.query(_licensing)
for _agreement in (disagreements.Query, agreement_totals.Query, agreement_days.Query, permit_facts.Query):
    agreement.part.query(_agreement)
agreement.part.mutation(disagreements.Mutation)
systems.part.query(changes.Query)
systems.part.query(audit.Query)
systems.part.query(webhooks.Query)
systems.part.query(own_client.Query)
systems.part.query(operator_issues.Query)
systems.part.query(operator_quarantine.Query)
systems.part.query(operator_clients.Query)
systems.part.query(operator_status.Query)
systems.part.mutation(put_records.Mutation)
systems.part.mutation(system_acts.Mutation)
systems.part.mutation(operator_quarantine.Mutation)
systems.part.mutation(client_acts.Mutation)
systems.part.mutation(account.Mutation)
systems.part.subscription(subscriptions.FeedSubscription)
complaints.part.subscription(subscriptions.ComplaintSubscription)
systems.part.mutation(webhook_mutations.Mutation)
_OWNER = {node: part for part in PARTS for node in part.owned_types}
for _link in LINKS:
    _OWNER[_link.target].link(_link)


@cache
def schema(
    subgraph: str | None = None,
    extra: tuple[Part, ...] = (),
    extensions: tuple[type[SchemaExtension], ...] = (),
    shared: tuple[tuple[str, SharedField], ...] = (),
) -> HubSchema:
    """Return the schema of the whole graph, or of the part named ``subgraph``.

    ``extra`` are the parts of connectors. ``shared`` are the fields that complaints share with a system, which are
    printed as directives. Raises ``BadSetting`` if there is no such part.
    """
    parts, directives = (*PARTS, *extra), authority_directives(shared)
    if subgraph is None:
        return build_schema(parts, parts, extensions, directives)
    names = {part.name: part for part in parts}
    if subgraph not in names:
        raise BadSetting(f"There is no subgraph {subgraph!r}; choose one of {', '.join(names)}.")
    return build_schema([names[subgraph]], parts, extensions, directives)
