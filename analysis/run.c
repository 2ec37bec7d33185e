/* Loading a run directory: the files in turn, then everything moved to the run's zero point. */
#include "analysis/run.h"
#include "analysis/reader.h"
#include "core/shell/words.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ".004" and the like at *text in milliseconds; *text is moved behind it. */
static int64_t fraction(const char **text)
{
    int64_t ms = 0, unit = 100;
    if (**text != '.')
        return 0;
    for (++*text; **text >= '0' && **text <= '9'; ++*text, unit /= 10)
        ms += unit * (**text - '0');
    return ms;
}

bool reader_time(const char *text, int64_t *ret_utc_ms)
{
    struct tm tm = {0};
    int used = 0;
    if (!text || sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
                        &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &used) != 6)
        return false;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    const char *rest = text + used;
    int64_t ms = fraction(&rest);
    if (strcmp(rest, "") != 0 && strcmp(rest, "Z") != 0)
        return false;
    *ret_utc_ms = (int64_t)timegm(&tm) * 1000 + ms;
    return true;
}

bool reader_duration(const char *text, int64_t *ret_ms)
{
    unsigned hours = 0, minutes = 0, seconds = 0;
    int used = 0;
    if (sscanf(text, "%7u:%2u:%2u%n", &hours, &minutes, &seconds, &used) != 3)
        return false;
    const char *rest = text + used;
    int64_t ms = fraction(&rest);
    *ret_ms = ((int64_t)hours * 3600 + minutes * 60 + seconds) * 1000 + ms;
    return *rest == '\0';
}

void reader_saw(struct reader *reader, int64_t utc_ms)
{
    if (utc_ms < reader->first_utc_ms)
        reader->first_utc_ms = utc_ms;
    if (utc_ms > reader->last_utc_ms)
        reader->last_utc_ms = utc_ms;
}

const char *reader_reason(const char *word)
{
    int why = cau_word_find(&cau_words_reason, word, strlen(word));
    if (why >= 0)
        return cau_sentence_reason((uint8_t)why);
    return word;
}

uint32_t reader_node(struct reader *reader, const char *name)
{
    struct run *run = reader->run;
    const char *clean = run_memory_text(run->memory, name);
    for (size_t i = 0; i < run->node_count; i++)
        if (strcmp(run->nodes[i].name, clean) == 0)
            return (uint32_t)i;
    struct run_node *list =
        run_memory_grow(run->memory, run->nodes, run->node_count, sizeof(*run->nodes));
    if (!list)
        return RUN_NO_NODE;
    run->nodes = list;
    list[run->node_count] = (struct run_node){.name = clean,
                                              .status = "",
                                              .reason = "",
                                              .why = "",
                                              .boot = "",
                                              .soft = "",
                                              .rebooted = "",
                                              .ended_ms = RUN_NO_TIME,
                                              .suspended_ms = RUN_NO_TIME};
    return (uint32_t)run->node_count++;
}

struct run_mark *reader_mark(struct reader *reader, int64_t at_utc_ms)
{
    struct run *run = reader->run;
    struct run_mark *list =
        run_memory_grow(run->memory, run->marks, run->mark_count, sizeof(*run->marks));
    if (!list)
        return NULL;
    run->marks = list;
    struct run_mark *mark = &list[run->mark_count++];
    *mark = (struct run_mark){.at_ms = at_utc_ms,
                              .node = RUN_NO_NODE,
                              .kind = RUN_MARK_OTHER,
                              .event = "",
                              .label = "",
                              .who = "",
                              .text = ""};
    return mark;
}

static void band_add(struct run *run, enum run_band_kind kind, int64_t from_ms, int64_t to_ms)
{
    if (to_ms <= from_ms)
        return;
    struct run_band *list =
        run_memory_grow(run->memory, run->bands, run->band_count, sizeof(*run->bands));
    if (!list)
        return;
    run->bands = list;
    list[run->band_count++] = (struct run_band){from_ms, to_ms, kind};
}

/* Quorum from the votes, cuts from the marks, nobody at work from the gaps of the coordinator's
 * lane. Marks are in order of time. */
static void bands_find(struct run *run)
{
    int64_t lost_ms = RUN_NO_TIME, cut_ms = 0;
    for (size_t i = 0; i < run->vote_count; i++) {
        const struct run_votes *votes = &run->votes[i];
        if (!votes->quorate && lost_ms == RUN_NO_TIME)
            lost_ms = votes->at_ms;
        if (votes->quorate && lost_ms != RUN_NO_TIME) {
            band_add(run, RUN_BAND_NO_QUORUM, lost_ms, votes->at_ms);
            lost_ms = RUN_NO_TIME;
        }
    }
    if (lost_ms != RUN_NO_TIME)
        band_add(run, RUN_BAND_NO_QUORUM, lost_ms, run->end_ms);
    size_t cuts = 0; /* several may overlap */
    for (size_t i = 0; i < run->mark_count; i++) {
        const struct run_mark *mark = &run->marks[i];
        if (strcmp(mark->event, "partition") == 0 && cuts++ == 0)
            cut_ms = mark->at_ms;
        if (strcmp(mark->event, "heal") == 0 && cuts > 0 && --cuts == 0)
            band_add(run, RUN_BAND_CUT, cut_ms, mark->at_ms);
    }
    if (cuts)
        band_add(run, RUN_BAND_CUT, cut_ms, run->end_ms);
    const struct run_node *driver = &run->coordinator;
    for (size_t i = 0; i < driver->span_count; i++) {
        bool last = i + 1 == driver->span_count;
        band_add(run, RUN_BAND_NO_COORDINATOR, driver->spans[i].to_ms,
                 last ? run->end_ms : driver->spans[i + 1].from_ms);
    }
}

static int mark_order(const void *a, const void *b)
{
    const struct run_mark *x = a, *y = b;
    if (x->at_ms != y->at_ms)
        return x->at_ms < y->at_ms ? -1 : 1;
    if (x->node != y->node)
        return x->node < y->node ? -1 : 1;
    if (x->kind != y->kind)
        return x->kind < y->kind ? -1 : 1;
    int order = strcmp(x->who, y->who);
    return order ? order : strcmp(x->event, y->event);
}

/* Closes what is still open at `end`, drops what took no time, joins equal neighbours. */
static void spans_finish(struct run_node *node, int64_t end_utc_ms, int64_t zero_utc_ms)
{
    size_t kept = 0;
    for (size_t i = 0; i < node->span_count; i++) {
        struct run_span span = node->spans[i];
        if (span.to_ms == RUN_NO_TIME)
            span.to_ms = end_utc_ms > span.from_ms ? end_utc_ms : span.from_ms;
        span.from_ms -= zero_utc_ms;
        span.to_ms -= zero_utc_ms;
        struct run_span *last = kept ? &node->spans[kept - 1] : NULL;
        if (span.to_ms == span.from_ms)
            continue;
        if (last && last->to_ms == span.from_ms && last->phase == span.phase &&
            last->attempt == span.attempt && last->out == span.out &&
            strcmp(last->state, span.state) == 0 && strcmp(last->reason, span.reason) == 0)
            last->to_ms = span.to_ms;
        else
            node->spans[kept++] = span;
    }
    node->span_count = kept;
    if (node->ended_ms != RUN_NO_TIME)
        node->ended_ms -= zero_utc_ms;
    for (size_t i = 0; i < node->error_count; i++)
        node->errors[i].at_ms -= zero_utc_ms;
    if (node->suspended_ms != RUN_NO_TIME)
        return;
    node->suspended_ms = 0;
    for (size_t i = 0; i < kept; i++)
        if (node->spans[i].out)
            node->suspended_ms += node->spans[i].to_ms - node->spans[i].from_ms;
}

/* A coordinator that died, and after whose death no record came but a successor's, was the one at
 * work: its span ends there. */
static void coordinator_deaths(struct run *run)
{
    for (size_t i = 0; i < run->mark_count; i++) {
        const struct run_mark *mark = &run->marks[i];
        if (strcmp(mark->event, "coordinator_died") != 0)
            continue;
        for (size_t k = 0; k < run->coordinator.span_count; k++) {
            struct run_span *span = &run->coordinator.spans[k];
            bool inside = span->from_ms <= mark->at_ms &&
                          (span->to_ms == RUN_NO_TIME || mark->at_ms < span->to_ms);
            if (inside && run->coordinator_seen_ms[k] <= mark->at_ms)
                span->to_ms = mark->at_ms;
        }
    }
}

void run_role_down(struct run_role *role, int64_t at_utc_ms)
{
    if (role->since_ms == RUN_NO_TIME || at_utc_ms <= role->since_ms)
        return;
    int64_t down = at_utc_ms - role->since_ms;
    role->stops++;
    role->down_ms += down;
    role->longest_ms = down > role->longest_ms ? down : role->longest_ms;
}

static void zero_set(struct run *run, const struct reader *reader)
{
    bool known = reader->first_utc_ms != INT64_MAX;
    if (run->zero_utc_ms == RUN_NO_TIME)
        run->zero_utc_ms = known ? reader->first_utc_ms : 0;
    int64_t end = reader->result_utc_ms != INT64_MIN ? reader->result_utc_ms
                  : known                            ? reader->last_utc_ms
                                                     : run->zero_utc_ms;
    coordinator_deaths(run);
    for (size_t i = 0; i < run->node_count; i++)
        spans_finish(&run->nodes[i], end, run->zero_utc_ms);
    spans_finish(&run->coordinator, end, run->zero_utc_ms);
    for (size_t i = 0; i < run->mark_count; i++)
        run->marks[i].at_ms -= run->zero_utc_ms;
    for (size_t i = 0; i < run->update_count; i++)
        run->updates[i].at_ms -= run->zero_utc_ms;
    for (size_t i = 0; i < run->role_count; i++) {
        run_role_down(&run->roles[i], end);
        run->roles[i].since_ms -= run->roles[i].since_ms == RUN_NO_TIME ? 0 : run->zero_utc_ms;
    }
    run->end_ms = end - run->zero_utc_ms;
    run->start_ms = run->start_ms == RUN_NO_TIME ? 0 : run->start_ms - run->zero_utc_ms;
    char text[32];
    run->zero = known ? run_memory_text(run->memory, run_word_time(run, 0, text)) : "";
    if (run->mark_count)
        qsort(run->marks, run->mark_count, sizeof(*run->marks), mark_order);
    bands_find(run);
}

struct run *run_load(const char *dir, char **reterr_why)
{
    static int (*const parts[])(struct reader *) = {reader_scenario, reader_manifest,
                                                    reader_records,  reader_report,
                                                    reader_world,    reader_votes};
    struct run_memory *memory = run_memory_new();
    struct run *run = memory ? run_memory_get(memory, sizeof(*run)) : NULL;
    *reterr_why = NULL;
    if (!run) {
        run_memory_free(memory);
        *reterr_why = run_sentence("out of memory");
        return NULL;
    }
    *run = (struct run){.cluster = "",
                        .run_id = "",
                        .scenario = "",
                        .status = "",
                        .reason = "",
                        .why = "",
                        .zero = "",
                        .zero_utc_ms = RUN_NO_TIME,
                        .start_ms = RUN_NO_TIME,
                        .memory = memory};
    run->coordinator = (struct run_node){.name = "coordinator",
                                         .status = "",
                                         .reason = "",
                                         .why = "",
                                         .ended_ms = RUN_NO_TIME,
                                         .suspended_ms = RUN_NO_TIME};
    struct reader reader = {.run = run,
                            .dir = dir,
                            .first_utc_ms = INT64_MAX,
                            .last_utc_ms = INT64_MIN,
                            .result_utc_ms = INT64_MIN};
    int error = 0;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]) && !error; i++)
        error = parts[i](&reader);
    if (!error)
        zero_set(run, &reader);
    if (!error && run_memory_ok(memory))
        return run;
    *reterr_why = reader.why ? reader.why : run_sentence("out of memory");
    run_memory_free(memory);
    return NULL;
}

void run_free(struct run *run)
{
    if (run)
        run_memory_free(run->memory);
}

int64_t run_unquorate_ms(const struct run *run)
{
    int64_t sum = 0;
    for (size_t i = 0; i < run->band_count; i++)
        if (run->bands[i].kind == RUN_BAND_NO_QUORUM)
            sum += run->bands[i].to_ms - run->bands[i].from_ms;
    return sum;
}

/* The time in which `holds` is true of the votes as they were last told. */
static int64_t sum_votes(const struct run *run,
                         bool (*holds)(const struct run *run, const struct run_votes *votes))
{
    int64_t sum = 0;
    for (size_t i = 0; i < run->vote_count; i++) {
        const struct run_votes *votes = &run->votes[i];
        int64_t from = votes->at_ms > run->start_ms ? votes->at_ms : run->start_ms;
        int64_t to = i + 1 < run->vote_count ? votes[1].at_ms : run->end_ms;
        to = to < run->end_ms ? to : run->end_ms;
        sum += holds(run, votes) && to > from ? to - from : 0;
    }
    return sum;
}

static bool is_exposed(const struct run *run, const struct run_votes *votes)
{
    (void)run;
    return votes->quorate && votes->margin <= 0;
}

static bool has_one_place(const struct run *run, const struct run_votes *votes)
{
    return votes->out + 1 >= (int64_t)run->node_count;
}

int64_t run_exposed_ms(const struct run *run)
{
    return sum_votes(run, is_exposed);
}

int64_t run_last_place_ms(const struct run *run)
{
    return sum_votes(run, has_one_place);
}

int64_t run_least_margin(const struct run *run)
{
    int64_t least = INT64_MAX;
    for (size_t i = 0; i < run->vote_count; i++)
        if (run->votes[i].margin < least)
            least = run->votes[i].margin;
    return least;
}

char *run_word_duration(int64_t ms, char buf[32])
{
    int64_t seconds = (ms + 500) / 1000;
    if (ms > 0 && ms < 1000)
        snprintf(buf, 32, "%.3f s", (double)ms / 1000);
    else if (seconds < 60)
        snprintf(buf, 32, "%" PRId64 " s", seconds);
    else if (seconds < 3600)
        snprintf(buf, 32, "%" PRId64 " min %02" PRId64 " s", seconds / 60, seconds % 60);
    else
        snprintf(buf, 32, "%" PRId64 " h %02" PRId64 " min", seconds / 3600, seconds % 3600 / 60);
    return buf;
}

char *run_word_clock(int64_t at_ms, char buf[32])
{
    int64_t seconds = (at_ms < 0 ? -at_ms : at_ms) / 1000;
    snprintf(buf, 32, "%s%" PRId64 ":%02" PRId64 ":%02" PRId64, at_ms < 0 ? "-" : "",
             seconds / 3600, seconds % 3600 / 60, seconds % 60);
    return buf;
}

char *run_word_seconds(int64_t ms, char buf[32])
{
    int64_t size = ms < 0 ? -ms : ms;
    snprintf(buf, 32, "%s%" PRId64 ".%03" PRId64, ms < 0 ? "-" : "", size / 1000, size % 1000);
    return buf;
}

char *run_word_stamp(const struct run *run, int64_t at_ms, char buf[32])
{
    int64_t utc_ms = run->zero_utc_ms + at_ms, part = (utc_ms % 1000 + 1000) % 1000;
    time_t clock = (time_t)((utc_ms - part) / 1000);
    struct tm tm;
    size_t size = gmtime_r(&clock, &tm) ? strftime(buf, 32, "%Y-%m-%dT%H:%M:%S", &tm) : 0;
    snprintf(buf + size, 32 - size, ".%03" PRId64 "Z", part);
    return buf;
}

char *run_word_time(const struct run *run, int64_t at_ms, char buf[32])
{
    int64_t utc_ms = run->zero_utc_ms + at_ms;
    int64_t seconds = utc_ms / 1000 - (utc_ms % 1000 < 0);
    time_t clock = (time_t)seconds;
    struct tm tm;
    if (!gmtime_r(&clock, &tm) || strftime(buf, 32, "%Y-%m-%d %H:%M:%S UTC", &tm) == 0)
        snprintf(buf, 32, "?");
    return buf;
}
