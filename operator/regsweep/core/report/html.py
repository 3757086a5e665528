"""A report as one HTML page: no script, nothing from elsewhere, every value escaped."""

from __future__ import annotations

from jinja2 import Environment, StrictUndefined

from regsweep.core.report.document import Report
from regsweep.core.report.text import headline, human_bytes, user_words

_PAGE = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>regsweep: {{ report.policy }}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #1a1d21; }
h1 { font-size: 1.5rem } h2 { font-size: 1.15rem; margin-top: 2rem }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; padding: .25rem .75rem .25rem 0; border-bottom: 1px solid #e3e6ea; vertical-align: top }
td.number { text-align: right; font-variant-numeric: tabular-nums }
code { font-size: .85em; word-break: break-all } .bad { color: #b3261e; font-weight: 600 } .quiet { color: #5c636b }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.5rem } dt { color: #5c636b } dd { margin: 0 }
</style>
<h1{% if report.message %} class="bad"{% endif %}>{{ headline }}</h1>
<dl>
<dt>Registry</dt><dd>{{ report.registry }}</dd>
<dt>Policy</dt><dd>{{ report.policy }}, mode {{ report.mode }}</dd>
{% if report.inventory %}<dt>Inventory</dt><dd>{{ report.inventory }}
{%- if report.inventory_reason %}: {{ report.inventory_reason }}{% endif %}</dd>{% endif %}
<dt>Time</dt><dd>{{ report.started_at }} to {{ report.finished_at }}</dd>
{% if report.plan %}
<dt>Going</dt><dd>{{ report.plan.deleted_tags }} of {{ report.plan.tags }} tags, {{ report.plan.deleted_manifests }} of
{{ report.plan.manifests }} manifests,
{{ "up to " if report.plan.bytes_are_upper_bound }}{{ bytes(report.plan.bytes) }}</dd>
<dt>Plan</dt><dd><code>{{ report.plan.digest }}</code>, good until {{ report.plan.expires_at }}</dd>
{% for sentence in report.plan.over_limit %}<dt>Over a limit</dt><dd class="bad">{{ sentence }}</dd>{% endfor %}
{% endif %}
{% if report.collection and report.collection.bytes_before is not none %}
<dt>On disk</dt><dd>{{ bytes(report.collection.bytes_before) }} before,
{{ bytes(report.collection.bytes_after) }} after</dd>
{% endif %}
{% if report.collection %}<dt>Pushes refused</dt><dd>{{ report.collection.write_blocked_seconds }} s</dd>{% endif %}
{% if report.verification %}<dt>Proven</dt><dd>{{ report.verification.images }} kept images,
{{ report.verification.blobs }} configs and layers{% if report.verification.damaged %},
<span class="bad">{{ report.verification.damaged | length }} damaged</span>{% endif %}</dd>{% endif %}
</dl>
{% if report.repositories %}
<h2>Repositories</h2>
<table><tr><th>Repository<th>Tags kept<th>Tags going</tr>
{% for item in report.repositories %}<tr><td>{{ item.name }}<td class="number">{{ item.kept }}
<td class="number">{{ item.expired }}</tr>{% endfor %}</table>
{% endif %}
{% if report.kept_by_reason %}
<h2>Why tags stay</h2>
<table><tr><th>Reason<th>Tags</tr>
{% for reason, number in report.kept_by_reason.items() %}
<tr><td><code>{{ reason }}</code><td class="number">{{ number }}</tr>{% endfor %}</table>
{% endif %}
{% if report.in_use %}
<h2>In use</h2>
<table><tr><th>Repository<th>Used as<th>Digest<th>By</tr>
{% for item in report.in_use %}<tr><td>{{ item.repository }}<td>{{ item.references | join(", ") }}
<td>{% if item.digest %}<code>{{ item.digest }}</code>{% else %}
<span class="bad">not in the registry any more</span>{% endif %}
<td>{% for user in item.users %}{{ words(user) }}<br>{% endfor %}
{% if item.user_count > item.users | length %}<span class="quiet">and
{{ item.user_count - item.users | length }} more</span>{% endif %}</tr>{% endfor %}</table>
{% endif %}
{% if report.findings %}
<h2>Worth a look</h2>
<table><tr><th>Code<th>Where<th>What</tr>
{% for item in report.findings %}<tr><td><code>{{ item.code }}</code><td>{{ item.repository }}
<span class="quiet">{{ item.reference }}</span><td>{{ item.message }}</tr>{% endfor %}</table>
{% endif %}
{% if report.actions %}
<h2>Deletions</h2>
<table><tr><th>Repository<th>Tags<th>Digest<th>Reason<th>Result</tr>
{% for item in report.actions %}<tr><td>{{ item.repository }}<td>{{ item.tags | join(", ") }}
<td><code>{{ item.digest }}</code><td><code>{{ item.reason }}</code><td>{{ item.result }}
<span class="quiet">{{ item.message }}</span></tr>{% endfor %}</table>
{% endif %}
</html>
"""

_TEMPLATE = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True).from_string(
    _PAGE
)


def render(report: Report) -> str:
    return _TEMPLATE.render(report=report, headline=headline(report), bytes=human_bytes, words=user_words)
