"""A report as one HTML page, for a wide screen, a phone and paper: no script, nothing from elsewhere, every value
escaped.
"""

from __future__ import annotations

from functools import cache

from jinja2 import Environment, StrictUndefined, Template

from regsweep.core.report.document import Report
from regsweep.core.report.text import HINT, headline, human_bytes, user_words

_STYLE = """
:root { color-scheme: light dark; --paper: #fff; --ink: #1a1d21; --quiet: #5c636b; --line: #e3e6ea; --bad: #b3261e }
@media (prefers-color-scheme: dark) {
  :root { --paper: #15181c; --ink: #e4e7eb; --quiet: #9aa3ad; --line: #2e343b; --bad: #ff8a80 }
}
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem;
  background: var(--paper); color: var(--ink); overflow-wrap: anywhere }
h1 { font-size: 1.5rem; line-height: 1.25 } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .3rem 1.25rem .3rem 0; border-bottom: 1px solid var(--line); vertical-align: top }
th { font-weight: 600; color: var(--quiet) } th, .word { white-space: nowrap }
th:last-child, td:last-child { padding-right: 0 }
.number { text-align: right; white-space: nowrap; font-variant-numeric: tabular-nums }
table.counts { width: auto; min-width: min(100%, 28rem) } table.rows td:first-child { min-width: 8rem }
code { font: .85em ui-monospace, monospace }
.bad { color: var(--bad); font-weight: 600 } .quiet { color: var(--quiet) }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.5rem } dt { color: var(--quiet) }
dd { margin: 0 }
@media (max-width: 45rem) {
  body { margin: 1rem auto } h1 { font-size: 1.25rem }
  dl { grid-template-columns: 1fr; gap: 0 } dd { margin-bottom: .5rem }
  table.counts { width: 100% }
  table.rows tr:first-child { display: none }
  table.rows tr { display: block; padding: .5rem 0; border-bottom: 1px solid var(--line) }
  table.rows td { display: block; border: 0; padding: 0 } table.rows td:first-child { font-weight: 600 }
}
"""

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>regsweep: {{ report.policy }}</title>
<style>{{ style }}</style>
<h1{% if report.message %} class="bad"{% endif %}>{{ headline }}</h1>
<dl>
{% if report.registry %}<dt>Registry</dt><dd>{{ report.registry }}</dd>{% endif %}
<dt>Policy</dt><dd>{{ report.policy }}{% if report.mode %}, mode {{ report.mode }}{% endif %}</dd>
{% if report.inventory %}<dt>Inventory</dt><dd>{{ report.inventory }}
{%- if report.inventory_reason %}: {{ report.inventory_reason }}{% endif %}</dd>{% endif %}
{% if report.started_at %}<dt>Time</dt><dd>{{ moment(report.started_at) }}
{%- if report.finished_at %} to {{ moment(report.finished_at) }}{% endif %}</dd>{% endif %}
{% if report.plan %}
<dt>Planned</dt><dd>{{ report.plan.deleted_tags }} of {{ report.plan.tags }} tags,
{{ report.plan.deleted_manifests }} of {{ report.plan.manifests }} manifests
in {{ report.plan.repositories }} repositories,
{{ "up to " if report.plan.bytes_are_upper_bound }}{{ bytes(report.plan.bytes) }}</dd>
<dt>Plan</dt><dd><code>{{ report.plan.digest }}</code>, good until {{ moment(report.plan.expires_at) }}</dd>
{% for sentence in report.plan.over_limit %}<dt>Over a limit</dt><dd class="bad">{{ sentence }}</dd>{% endfor %}
{% if report.plan.unread %}<dt>Not read</dt><dd class="bad">{{ report.plan.unread | join(", ") }}</dd>{% endif %}
{% endif %}
{% if report.collection %}
{% if report.collection.bytes_before is not none and report.collection.bytes_after is not none %}
<dt>On disk</dt><dd>{{ bytes(report.collection.bytes_before) }} before,
{{ bytes(report.collection.bytes_after) }} after</dd>
{% endif %}
<dt>Swept</dt><dd>{{ report.collection.blobs_deleted }} blobs; {{ report.collection.blobs_marked }} stay</dd>
<dt>Pushes refused</dt><dd>{{ report.collection.write_blocked_seconds }} s</dd>
{% elif report.collect_skipped and report.mode == "Delete" %}<dt>Not collected</dt><dd>{{ report.collect_skipped }}</dd>
{% endif %}
{% if report.verification %}<dt>Proven</dt><dd>{{ report.verification.images }} kept images
{%- if report.verification.blobs %}, {{ report.verification.blobs }} configs and layers{% endif %}
{%- if report.verification.damaged %}, <span class="bad">{{ report.verification.damaged | length }} damaged</span>
{%- endif %}</dd>{% endif %}
</dl>
{% macro findings(title, found) %}
{% if found %}
<h2>{{ title }}</h2>
<table class="rows"><tr><th>Code<th>Where<th>What</tr>
{% for item in found %}<tr><td><code class="word">{{ item.code }}</code><td>{{ item.repository }}
<span class="quiet">{{ item.reference }}</span><td>{{ item.message }}</tr>{% endfor %}</table>
{% endif %}
{% endmacro %}
{% if report.verification %}{{ findings("Damaged", report.verification.damaged) }}{% endif %}
{{ findings("Worth a look", others) }}
{{ findings("What the policy says in vain", hints) }}
{% if report.repositories %}
<h2>Repositories</h2>
<table class="counts"><tr><th>Repository<th class="number">Tags kept<th class="number">Tags expired</tr>
{% for item in report.repositories %}<tr><td>{{ item.name }}<td class="number">{{ item.kept }}
<td class="number">{{ item.expired }}</tr>{% endfor %}</table>
{% endif %}
{% if report.kept_by_reason %}
<h2>Why tags stay</h2>
<table class="counts"><tr><th>Reason<th class="number">Tags</tr>
{% for reason, number in report.kept_by_reason.items() %}
<tr><td><code>{{ reason }}</code><td class="number">{{ number }}</tr>{% endfor %}</table>
{% endif %}
{% if report.in_use %}
<h2>In use</h2>
<table class="rows"><tr><th>Repository<th>Used as<th>Digest<th>By</tr>
{% for item in report.in_use %}<tr><td>{{ item.repository }}<td>{{ item.references | join(", ") }}
<td>{% if item.digest %}<code>{{ item.digest }}</code>{% else %}
<span class="bad">not in the registry any more</span>{% endif %}
<td>{% for user in item.users %}{{ words(user) }}<br>{% endfor %}
{% if item.user_count > item.users | length %}<span class="quiet">and
{{ item.user_count - item.users | length }} more</span>{% endif %}</tr>{% endfor %}</table>
{% endif %}
{% if report.actions %}
<h2>Deletions</h2>
<table class="rows"><tr><th>Repository<th>Tags<th>Digest<th>Reason<th>Result</tr>
{% for item in report.actions %}<tr><td>{{ item.repository }}
<td>{% if item.tags %}{{ item.tags | join(", ") }}{% else %}<span class="quiet">no tag</span>{% endif %}
<td><code>{{ item.digest }}</code><td><code class="word">{{ item.reason }}</code>
<td><span class="word{{ " bad" if item.result == "failed" }}">{{ item.result }}</span>
{% if item.message %}<span class="quiet">{{ item.message }}</span>{% endif %}</tr>{% endfor %}</table>
{% endif %}
{% if report.restored %}
<h2>Put back</h2>
<table class="rows"><tr><th>Repository<th>Tag<th>Digest<th>Result</tr>
{% for item in report.restored %}<tr><td>{{ item.repository }}
<td>{% if item.tag %}{{ item.tag }}{% else %}<span class="quiet">the manifest</span>{% endif %}
<td><code>{{ item.digest }}</code>
<td><span class="word{{ " bad" if item.result == "failed" }}">{{ item.result }}</span>
{% if item.message %}<span class="quiet">{{ item.message }}</span>{% endif %}</tr>{% endfor %}</table>
{% endif %}
</html>
"""


@cache
def _template() -> Template:
    """Compiled when the first page is wanted: most commands want none."""
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    return environment.from_string(_PAGE)


def render(report: Report) -> str:
    hints = [finding for finding in report.findings if finding.code.startswith(HINT)]
    others = [finding for finding in report.findings if not finding.code.startswith(HINT)]
    return _template().render(
        report=report, headline=headline(report), bytes=human_bytes, moment=moment, words=user_words, style=_STYLE,
        hints=hints, others=others,
    )  # fmt: skip


def moment(text: str) -> str:
    """`2026-03-01T03:00:00.123+00:00` as a person reads it, to the second. What is no such text stays as it is."""
    day, _, clock = text.partition("T")
    zone = "UTC" if text.endswith(("+00:00", "Z")) else text[19:].lstrip("0123456789.")
    return f"{day} {clock[:8]} {zone}" if clock else text
