/* See markup.h. */
#include "analysis/markup.h"

#include <stdarg.h>
#include <string.h>

void markup_escape(FILE *to, const char *text)
{
    for (; *text; text++) {
        switch (*text) {
        case '&':
            fputs("&amp;", to);
            break;
        case '<':
            fputs("&lt;", to);
            break;
        case '>':
            fputs("&gt;", to);
            break;
        case '"':
            fputs("&quot;", to);
            break;
        case '\'':
            fputs("&#39;", to);
            break;
        default:
            fputc(*text, to);
        }
    }
}

const char markup_style[] =
    ":root{color-scheme:light dark;--ink:#1f2328;--soft:#59636e;--line:#d1d9e0;--ground:#fff;"
    "--stripe:#f6f8fa;--good:#1a7f37;--bad:#b91c1c;--warn:#8a5300}\n"
    "@media (prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9aa4af;--line:#3d444d;"
    "--ground:#0d1117;--stripe:#151b23;--good:#57c76d;--bad:#ff8b83;--warn:#e3b341}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0 auto;padding:1.5rem 1.25rem 3rem;max-width:78rem;color:var(--ink);"
    "background:var(--ground);font:1rem/1.5 system-ui,-apple-system,'Segoe UI',Roboto,"
    "'DejaVu Sans',Arial,sans-serif}\n"
    "h1{font-size:1.6rem;line-height:1.25;margin:0 0 .25rem}\n"
    "h2{font-size:1.15rem;margin:2.25rem 0 .5rem}\n"
    "p{margin:.3rem 0;max-width:50rem}\n"
    ".soft{color:var(--soft)}\n"
    ".Succeeded{color:var(--good)}.Failed{color:var(--bad)}"
    ".PartiallyFailed,.Canceled{color:var(--warn)}\n"
    ".outcome{font-size:1.15rem;margin:.5rem 0}.outcome strong{font-size:1.3rem}\n"
    "dl{display:grid;grid-template-columns:max-content 1fr;gap:.15rem 1.25rem;margin:.75rem 0}\n"
    "dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}\n"
    ".scroll{overflow-x:auto}\n"
    "table{border-collapse:collapse;width:100%;font-size:.92rem}\n"
    "th,td{text-align:left;vertical-align:top;padding:.35rem .8rem .35rem 0;"
    "border-bottom:1px solid var(--line);overflow-wrap:break-word}\n"
    "th{color:var(--soft);font-weight:600;white-space:nowrap}\n"
    "tbody th{color:var(--ink);white-space:normal}\n"
    "bdi{display:inline-block;min-width:6rem;max-width:16rem;overflow-wrap:anywhere}\n"
    "td.s{min-width:16rem}td.s::first-letter{text-transform:uppercase}\n"
    "td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap;"
    "padding-right:1.5rem}\n"
    "td.t{white-space:nowrap;font-variant-numeric:tabular-nums}\n"
    "figcaption{font-size:.85rem}figure{margin:.75rem 0}figure "
    "svg{display:block;width:100%;height:auto;background:#fff;"
    "border:1px solid var(--line);border-radius:6px}\n"
    "code{font-family:ui-monospace,'DejaVu Sans Mono',monospace;font-size:.9em}\n"
    "@media print{:root{--ink:#000;--soft:#444;--line:#bbb;--ground:#fff;--good:#0b5a22;"
    "--bad:#8f1212;--warn:#6b4000}body{max-width:none;padding:0;font-size:10pt}"
    "tr,figure{break-inside:avoid}h2{break-after:avoid}}\n";

void markup_say(FILE *to, const char *form, ...)
{
    va_list texts;
    va_start(texts, form);
    for (const char *at = form, *next; *at; at = next) {
        next = strstr(at, "%s");
        size_t size = next ? (size_t)(next - at) : strlen(at);
        fwrite(at, 1, size, to);
        if (next)
            markup_escape(to, va_arg(texts, const char *));
        next = at + size + (next ? 2 : 0);
    }
    va_end(texts);
}
