/* The page: the outcome first, then the pictures, then the tables that prove them.
 *
 * Each text from outside passes through markup_escape(); the markup is written by the functions
 * here and by gnuplot only. A section that would be empty says so in a sentence or is left out. */
#include "analysis/html.h"
#include "analysis/markup.h"
#include "analysis/memory.h"
#include "analysis/quorum.h"
#include "analysis/timeline.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "PartiallyFailed" as a style class and a word; only words that are known become a class. */
static void say_status(FILE *to, const char *tag, const char *status)
{
    static const char *const known[] = {"Succeeded", "PartiallyFailed", "Failed", "Canceled"};
    const char *class = "soft";
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcmp(status, known[i]) == 0)
            class = known[i];
    fprintf(to, "<%s class=\"%s\">", tag, class);
    markup_escape(to, *status ? status : "no result");
    fprintf(to, "</%s>", tag);
}

/* A time since the zero point, as the eye finds it in the timeline. */
static void say_time(FILE *to, const struct run *run, int64_t at_ms)
{
    char stamp[32], clock[32];
    markup_say(to, "<td class=\"t\" title=\"%s\">%s</td>", run_word_time(run, at_ms, stamp),
               run_word_clock(at_ms, clock));
}

/* A heading and its table, which a keyboard can scroll where it is too wide. The names of the
 * columns stand apart by |, # before one of numbers. */
static void begin_table(FILE *to, const char *heading, const char *columns)
{
    markup_say(to, "<h2>%s</h2>\n", heading);
    markup_say(to,
               "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"%s\"><table>\n"
               "<thead><tr>",
               heading);
    while (*columns) {
        size_t size = strcspn(columns, "|");
        bool number = *columns == '#';
        fprintf(to, "<th%s>%.*s</th>", number ? " class=\"n\"" : "", (int)size - number,
                columns + number);
        columns += size + (columns[size] == '|');
    }
    fputs("</tr></thead>\n<tbody>\n", to);
}

static void end_table(FILE *to)
{
    fputs("</tbody></table></div>\n", to);
}

static size_t count_status(const struct run *run, const char *status)
{
    size_t count = 0;
    for (size_t i = 0; i < run->node_count; i++)
        count += strcmp(run->nodes[i].status, status) == 0;
    return count;
}

static void say_outcome(FILE *to, const struct run *run)
{
    static const struct {
        const char *status, *words;
    } parts[] = {{"Succeeded", "succeeded"},
                 {"PartiallyFailed", "succeeded in part"},
                 {"Failed", "failed"},
                 {"Canceled", "were left alone or canceled"},
                 {"", "have no result"}};
    markup_say(to, "<header>\n<h1>Update run of %s</h1>\n",
               *run->cluster ? run->cluster : "an unnamed cluster");
    fputs("<p class=\"outcome\">", to);
    say_status(to, "strong", run->status);
    if (run->node_count == 0)
        fputs(". No node took part.", to);
    else
        fprintf(to, ". Of %zu node%s", run->node_count, run->node_count == 1 ? "" : "s");
    const char *before = " ";
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        size_t count = count_status(run, parts[i].status);
        if (count == 0)
            continue;
        fprintf(to, "%s%zu %s", before, count, parts[i].words);
        before = ", ";
    }
    fputs(run->node_count ? ".</p>\n" : "</p>\n", to);
    if (*run->why)
        markup_say(to, "<p>The run ended because %s.</p>\n", run->why);
    for (size_t i = 0; i < run->note_count; i++)
        markup_say(to, "<p><strong>Note:</strong> %s.</p>\n", run->notes[i]);
    if (!*run->status)
        fputs("<p>There is no result of the run: it is still under way, or whoever drove it "
              "died.</p>\n",
              to);
}

static void say_summary(FILE *to, const struct run *run)
{
    char text[32];
    int64_t out_ms = 0;
    uint64_t restarts = 0;
    for (size_t i = 0; i < run->node_count; i++) {
        out_ms += run->nodes[i].suspended_ms;
        restarts += run->nodes[i].restarts;
    }
    char *quorum = quorum_sentence(run);
    fputs("<dl>\n", to);
    if (*run->zero) {
        markup_say(to, "<dt>Began</dt><dd>%s</dd>\n", run_word_time(run, run->start_ms, text));
        markup_say(to, "<dt>Took</dt><dd>%s</dd>\n",
                   run_word_duration(run->end_ms - run->start_ms, text));
    }
    markup_say(to, "<dt>Nodes out of service</dt><dd>%s in all</dd>\n",
               run_word_duration(out_ms, text));
    fprintf(to, "<dt>Restarts</dt><dd>%" PRIu64 "</dd>\n", restarts);
    markup_say(to, "<dt>Quorum</dt><dd>%s</dd>\n", quorum ? quorum : "");
    if (run->vote_count > 0) {
        char last[32];
        markup_say(to,
                   "<dt>Exposure</dt><dd>%s in which one more vote lost would have cost quorum; "
                   "%s in which one more node lost would have left roles no place</dd>\n",
                   run_word_duration(run_exposed_ms(run), text),
                   run_word_duration(run_last_place_ms(run), last));
    }
    if (*run->run_id)
        markup_say(to, "<dt>Run</dt><dd><code>%s</code></dd>\n", run->run_id);
    if (*run->scenario)
        markup_say(to, "<dt>Scenario</dt><dd>%s</dd>\n", run->scenario);
    markup_say(to, "<dt>Kind</dt><dd>%s</dd>\n",
               run->simulated ? "simulated: no real node was touched"
                              : "as recorded by its coordinator");
    fputs("</dl>\n</header>\n", to);
    free(quorum);
}

/* A picture inside the page. Two of them share a document, so each one's names get a prefix. */
static int say_picture(FILE *to, const char *dir, const char *name, const char *caption)
{
    static const char *const names[] = {"id='", "id=\"", "href='#", "href=\"#", "url(#"};
    char *file = run_sentence("%s.svg", name), *svg = NULL;
    size_t size = 0;
    int error = file ? run_read_file(dir, file, &svg, &size) : -ENOMEM;
    free(file);
    if (error)
        return error;
    const char *at = strstr(svg, "<svg");
    bool tag = true; /* inside markup; a text may contain anything but < and > */
    fputs("<figure>\n<svg role=\"img\"", to);
    at = at ? at + strlen("<svg") : NULL;
    while (at && *at) {
        size_t hit = 0;
        tag = *at == '<' || (tag && *at != '>');
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]) && tag && !hit; i++)
            if (strncmp(at, names[i], strlen(names[i])) == 0)
                hit = strlen(names[i]);
        if (hit)
            fprintf(to, "%.*s%s-", (int)hit, at, name);
        else
            fputc(*at, to);
        at += hit ? hit : 1;
    }
    free(svg);
    markup_say(to, "<figcaption class=\"soft\">%s</figcaption>\n</figure>\n", caption);
    return 0;
}

static int say_pictures(FILE *to, const char *missing, const char *dir)
{
    if (missing) {
        markup_say(to, "<h2>Pictures</h2>\n<p>There are none: %s.</p>\n", missing);
        return 0;
    }
    fputs("<h2>What happened when</h2>\n", to);
    int error = say_picture(to, dir, "timeline", "Also beside this page as timeline.svg.");
    fputs("<h2>Quorum</h2>\n", to);
    return error ? error : say_picture(to, dir, "quorum", "Also beside this page as quorum.svg.");
}

/* In which attempts: those from `first` to `last` of the node's errors, which are all alike. */
static void say_attempts(FILE *to, const struct run_node *node, size_t first, size_t last)
{
    uint32_t from = node->errors[first].attempt, until = node->errors[last].attempt;
    size_t times = last - first + 1;
    if (until == 0)
        fputs("Before its turn: ", to);
    else if (from == 0)
        fprintf(to, "Before its turn and until attempt %" PRIu32 ": ", until);
    else if (from != until)
        fprintf(to, "Attempts %" PRIu32 " %s %" PRIu32 " failed: ", from,
                until == from + 1 ? "and" : "to", until);
    else if (times > 1)
        fprintf(to, "Attempt %" PRIu32 " failed %zu times: ", from, times);
    else
        fprintf(to, "Attempt %" PRIu32 " failed: ", from);
}

/* Its errors, equal ones in a row once. True: the last one is what it ended with. */
static bool say_errors(FILE *to, const struct run_node *node)
{
    bool same = false;
    for (size_t i = 0, last; i < node->error_count; i = last + 1) {
        last = i;
        while (last + 1 < node->error_count &&
               strcmp(node->errors[last + 1].reason, node->errors[i].reason) == 0)
            last++;
        same = last + 1 == node->error_count && strcmp(node->errors[i].reason, node->reason) == 0;
        fputs(i > 0 ? " " : "", to);
        say_attempts(to, node, i, last);
        markup_say(to, same ? "%s (<code>%s</code>)." : "%s.", node->errors[i].why, node->reason);
    }
    return same;
}

/* What the restart was, unless it was what it usually is. */
static const char *restart_said(const struct run_node *node)
{
    static const struct {
        const char *boot, *soft, *said; /* "" = any */
    } all[] = {
        {"SoftReboot", "", "Its restart was a soft one."},
        {"PluginCustomReboot", "", "A plug-in restarted it."},
        {"FullReboot", "Enabled", "A soft restart failed and became a full one."},
        {"FullReboot", "Bypassed", "It was restarted as a whole: a soft restart was bypassed."},
        {"FullReboot", "NotInstalled",
         "It was restarted as a whole: there is nothing to do a soft restart with."},
    };
    if (strcmp(node->rebooted, "Failed") == 0)
        return strcmp(node->boot, "SoftReboot") == 0 ? "A soft restart of it did not succeed." : "";
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
        if (strcmp(node->boot, all[i].boot) == 0 &&
            (*all[i].soft == '\0' || strcmp(node->soft, all[i].soft) == 0))
            return all[i].said;
    return "";
}

/* What happened to a node and why, in sentences. */
static void say_story(FILE *to, const struct run_node *node)
{
    const char *const more[] = {
        restart_said(node),
        node->restart_pending ? "An update waits for a restart that is still owed." : "",
        node->left_suspended ? "It is still suspended; resume it when it is repaired." : "",
        node->details_missing ? "A predecessor did this; its details are missing here." : "",
    };
    const char *before = node->error_count > 0 ? " " : "";
    fputs("<td class=\"s\">", to);
    if (!say_errors(to, node) && *node->why) {
        fputs(*before ? " In the end: " : "", to);
        markup_say(to, "%s (<code>%s</code>).", node->why, node->reason);
        before = " ";
    }
    for (size_t i = 0; i < sizeof(more) / sizeof(more[0]); i++) {
        if (*more[i])
            fprintf(to, "%s%s", before, more[i]);
        before = *more[i] ? " " : before;
    }
    if (!*before)
        fputs(strcmp(node->status, "Succeeded") == 0 ? "Nothing to report." : "&ndash;", to);
    fputs("</td>", to);
}

static void say_nodes(FILE *to, const struct run *run)
{
    char text[32];
    if (run->node_count == 0)
        return;
    begin_table(to, "Nodes",
                "Node|Result|#Attempts|#Restarts|#Out of service|#Updates ok|#Updates failed|"
                "What happened and why");
    for (size_t i = 0; i < run->node_count; i++) {
        const struct run_node *node = &run->nodes[i];
        markup_say(to, "<tr><th scope=\"row\"><bdi>%s</bdi></th><td>", node->name);
        say_status(to, "strong", node->status);
        fprintf(to,
                "</td><td class=\"n\">%" PRIu32 "</td><td class=\"n\">%" PRIu32
                "</td><td class=\"n\">%s</td><td class=\"n\">%" PRIu32
                "</td><td class=\"n\">%" PRIu32 "</td>",
                node->attempts, node->restarts,
                node->suspended_ms ? run_word_duration(node->suspended_ms, text) : "&ndash;",
                node->succeeded, node->failed);
        say_story(to, node);
        fputs("</tr>\n", to);
    }
    end_table(to);
}

/* The moments until the next view came are in the tables, and no news to anybody here. */
static bool is_held(const struct run_span *span)
{
    return (span->phase == RUN_PHASE_HELD || span->phase == RUN_PHASE_STORAGE) &&
           span->to_ms - span->from_ms >= 1000;
}

static void say_held(FILE *to, const struct run *run, const struct run_node *node)
{
    char text[32];
    for (size_t i = 0; i < node->span_count; i++) {
        const struct run_span *span = &node->spans[i];
        if (!is_held(span))
            continue;
        fputs("<tr>", to);
        say_time(to, run, span->from_ms);
        markup_say(to, "<td><bdi>%s</bdi></td><td>%s</td><td class=\"n\">%s</td><td class=\"s\">%s",
                   node->name, span->state, run_word_duration(span->to_ms - span->from_ms, text),
                   *span->reason ? span->why : "it waited for storage to be repaired");
        if (*span->reason)
            markup_say(to, " (<code>%s</code>)", span->reason);
        fputs("</td></tr>\n", to);
    }
}

static bool was_held(const struct run_node *node)
{
    for (size_t i = 0; i < node->span_count; i++)
        if (is_held(&node->spans[i]))
            return true;
    return false;
}

static void say_waits(FILE *to, const struct run *run)
{
    bool any = false;
    for (size_t i = 0; i < run->node_count; i++)
        any = any || was_held(&run->nodes[i]);
    if (!any)
        return;
    begin_table(to, "What held nodes back", "At|Node|While|#For|Why");
    for (size_t i = 0; i < run->node_count; i++)
        say_held(to, run, &run->nodes[i]);
    end_table(to);
}

static void say_updates(FILE *to, const struct run *run)
{
    if (run->update_count == 0) {
        fputs("<h2>Updates</h2>\n<p>No update was offered to any node.</p>\n", to);
        return;
    }
    begin_table(to, "Updates", "Node|Update|Title|Download|Installation|#Code|Restart");
    for (size_t n = 0; n < run->node_count; n++) {
        for (size_t i = run->nodes[n].first_update; i; i = run->updates[i - 1].next) {
            const struct run_update *update = &run->updates[i - 1];
            markup_say(
                to,
                "<tr><td><bdi>%s</bdi></td><td><code>%s</code></td><td title=\"%s\">%s</td><td>",
                run->nodes[n].name, update->id, update->description, update->title);
            say_status(to, "span", *update->staged ? update->staged : "not done");
            fputs("</td><td>", to);
            say_status(to, "span", *update->installed ? update->installed : "not done");
            if (update->installs > 1)
                fprintf(to, ", tried %" PRIu32 " times", update->installs);
            fprintf(to, "</td><td class=\"n\">%" PRId64 "</td><td>%s</td></tr>\n", update->error,
                    update->restart ? "required" : "no");
        }
    }
    end_table(to);
}

static void say_faults(FILE *to, const struct run *run)
{
    size_t count = 0;
    for (size_t i = 0; i < run->mark_count; i++)
        count += *run->marks[i].event != '\0';
    if (count == 0) {
        fprintf(to, "<h2>Faults and events</h2>\n<p>%s</p>\n",
                run->simulated ? "No fault happened."
                               : "Nothing outside the run's own records was written down.");
        return;
    }
    begin_table(to, "Faults and events", "At|Where|Event|Details");
    for (size_t i = 0; i < run->mark_count; i++) {
        const struct run_mark *mark = &run->marks[i];
        if (!*mark->event)
            continue;
        fputs("<tr>", to);
        say_time(to, run, mark->at_ms);
        markup_say(to, "<td><bdi>%s</bdi></td><td>%s%s</td><td>%s</td></tr>\n",
                   *mark->who ? mark->who : "cluster", mark->coordinator ? "coordinator " : "",
                   mark->label, mark->text);
    }
    end_table(to);
}

static void say_roles(FILE *to, const struct run *run)
{
    char text[32];
    if (run->role_count == 0)
        return;
    begin_table(to, "Roles", "Role|At first on|At the end on|#Moves|#Stops|#Not running|#At most");
    for (size_t i = 0; i < run->role_count; i++) {
        const struct run_role *role = &run->roles[i];
        bool down = role->since_ms != RUN_NO_TIME;
        markup_say(
            to,
            "<tr><th scope=\"row\"><bdi>%s</bdi></th><td><bdi>%s</bdi></td><td><bdi>%s</bdi></td>",
            role->name, role->home, down ? "nowhere" : role->node);
        fprintf(to,
                "<td class=\"n\">%" PRIu32 "</td><td class=\"n\">%" PRIu32
                "</td><td class=\"n\">%s</td>",
                role->moves, role->stops,
                role->down_ms ? run_word_duration(role->down_ms, text) : "&ndash;");
        fprintf(to, "<td class=\"n\">%s</td></tr>\n",
                role->longest_ms ? run_word_duration(role->longest_ms, text) : "&ndash;");
    }
    end_table(to);
}

static void say_facts(FILE *to, const char *title, const struct run_facts *facts)
{
    if (facts->count == 0)
        return;
    markup_say(to, "<h2>%s</h2>\n<dl>\n", title);
    for (size_t i = 0; i < facts->count; i++)
        markup_say(to, "<dt><code>%s</code></dt><dd>%s</dd>\n", facts->list[i].name,
                   *facts->list[i].value ? facts->list[i].value : "(empty)");
    fputs("</dl>\n", to);
}

static int say_page(FILE *to, const struct run *run, const char *missing, const char *dir)
{
    char *headline = timeline_headline(run);
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
          "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
          "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
          "style-src 'unsafe-inline'\">\n",
          to);
    markup_say(to, "<title>%s</title>\n<style>\n", headline ? headline : "");
    fputs(markup_style, to);
    fputs("</style>\n</head>\n<body>\n<main>\n", to);
    free(headline);
    say_outcome(to, run);
    say_summary(to, run);
    int error = say_pictures(to, missing, dir);
    say_nodes(to, run);
    say_waits(to, run);
    say_updates(to, run);
    say_roles(to, run);
    say_faults(to, run);
    say_facts(to, "Run parameters", &run->parameters);
    say_facts(to, "Versions", &run->versions);
    markup_say(
        to, "<p class=\"soft\">Times in the tables are hours, minutes and seconds since %s.</p>\n",
        *run->zero ? run->zero : "the start");
    fputs("</main>\n</body>\n</html>\n", to);
    return error;
}

int html_write(const struct run *run, const char *missing, const char *dir, char **reterr_why)
{
    char *path = run_sentence("%s/report.html", dir);
    FILE *to = path ? fopen(path, "wbe") : NULL;
    int error = to ? 0 : path ? -errno : -ENOMEM;
    *reterr_why = NULL;
    if (to) {
        error = say_page(to, run, missing, dir);
        if (ferror(to) && !error)
            error = -EIO;
        if (fclose(to) != 0 && !error)
            error = -errno;
    }
    if (error)
        *reterr_why = run_sentence("%s: %s", path ? path : dir, strerror(-error));
    free(path);
    return error;
}
