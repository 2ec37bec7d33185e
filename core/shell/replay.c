/* Replay: the journal's events go through ordinary turns, and what these write to their journal is
 * held to the old one, line by line, on its way into the new one. So there is no second notion of
 * what a journal line is, and a resumed coordinator's files are whole by themselves. */
#include "core/shell/journal.h"

#include "core/shell/fields.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* Stands between a driver and its own journal. */
struct holder {
    struct cau_sink sink;
    struct cau_sink *onward; /* NULL: none */
    const char *at, *end;    /* what of the old journal is still to come */
    uint64_t line;           /* of the line at `at`, from 1 */
    bool header_next;        /* the header's plan is held to the old one's before, not its label */
    char *why;               /* what differed; NULL = nothing */
};

static int quote_limit(size_t size)
{
    return size < 2000 ? (int)size : 2000;
}

static int hold_line(struct holder *holder, const char *data, size_t size)
{
    size_t left = (size_t)(holder->end - holder->at);
    const char *end = left == 0 ? NULL : memchr(holder->at, '\n', left);
    if (end == NULL) { /* the dead one never wrote it, or not wholly */
        holder->at = holder->end;
        return 0;
    }
    size_t old = (size_t)(end + 1 - holder->at);
    if (!holder->header_next && (old != size || memcmp(holder->at, data, size) != 0)) {
        holder->why = cau_sentence(
            "journal line %" PRIu64 " differs:\n  journal: %.*s\n  now:     %.*s", holder->line,
            quote_limit(old - 1), holder->at, quote_limit(size - 1), data);
        return holder->why == NULL ? -ENOMEM : -EILSEQ;
    }
    holder->header_next = false;
    holder->at = end + 1;
    holder->line++;
    return 0;
}

static int holder_write(struct cau_sink *sink, const char *data, size_t size)
{
    struct holder *holder = (struct holder *)sink;
    int rc = hold_line(holder, data, size);
    return rc == 0 && holder->onward != NULL ? holder->onward->write(holder->onward, data, size)
                                             : rc;
}

/* The old lines are on some disk already; one sync at the end is enough for the new ones. */
static int holder_sync(struct cau_sink *sink)
{
    (void)sink;
    return 0;
}

static char *plan_text(const struct cau_plan *plan)
{
    struct cau_text text;
    cau_text_init(&text);
    cau_fields_write(&text, &cau_fields_plan, plan);
    return cau_text_take(&text);
}

static int check_same_plan(const struct cau_plan *journal, const struct cau_plan *driver,
                           char **ret_why)
{
    char *theirs = plan_text(journal);
    char *ours = plan_text(driver);
    int rc = 0;
    if (theirs == NULL || ours == NULL) {
        rc = -ENOMEM;
    } else if (strcmp(theirs, ours) != 0) {
        *ret_why =
            cau_sentence("journal line 1: plan: must be the plan of this run, to go on with it");
        rc = -EINVAL;
    }
    free(theirs);
    free(ours);
    return rc;
}

/* What a core may rely on and only a damaged journal breaks: the run starts once, first. */
static int check_start(const struct cau_journal_reader *reader, const struct cau_event *event,
                       uint64_t events, char **ret_why)
{
    if ((event->kind == CAU_EV_START) == (events == 0)) {
        return 0;
    }
    *ret_why =
        cau_sentence("journal line %" PRIu64 ": event.kind: %s", cau_journal_line(reader),
                     events == 0 ? "the first event must be Start" : "only the first is Start");
    return -EINVAL;
}

/* Reads the whole journal once, so that a damaged one is not replayed in part. */
static int check_whole(const char *text, size_t size, char **ret_why)
{
    struct cau_journal_reader *reader = cau_journal_open(text, size, ret_why);
    const struct cau_event *event;
    const char *line;
    size_t line_size;
    bool torn;
    uint64_t events = 0;
    int rc = reader == NULL ? -EINVAL : 0;
    if (rc == 0 && cau_journal_core_version(reader) != CAU_CORE_VERSION) {
        *ret_why = cau_sentence("journal line 1: core: must be %u to be replayed, is %" PRIu32,
                                CAU_CORE_VERSION, cau_journal_core_version(reader));
        rc = -EINVAL;
    }
    while (rc == 0) {
        int entry = cau_journal_next(reader, &event, &line, &line_size, &torn, ret_why);
        if (entry <= 0) {
            rc = entry;
            break;
        }
        if (entry == CAU_JOURNAL_EVENT) {
            rc = check_start(reader, event, events++, ret_why);
        }
    }
    cau_journal_free(reader);
    return rc;
}

/* Gives each event to the driver, whose lines the holder compares. */
static int feed(struct cau_journal_reader *reader, struct cau_driver *driver, struct holder *holder,
                uint64_t *ret_events, char **ret_why)
{
    const struct cau_event *event;
    const char *line;
    size_t size;
    bool torn;
    int entry;
    while ((entry = cau_journal_next(reader, &event, &line, &size, &torn, ret_why)) > 0) {
        if (cau_journal_line(reader) < holder->line) {
            continue; /* an action, already held to what the turn wrote */
        }
        if (entry == CAU_JOURNAL_ACTION) {
            *ret_why =
                cau_sentence("journal line %" PRIu64 " differs:\n  journal: %.*s\n  now:     "
                             "no such action",
                             cau_journal_line(reader), quote_limit(size), line);
            return 1;
        }
        cau_turn(driver, event);
        if (holder->why != NULL) {
            *ret_why = holder->why;
            return 1;
        }
        if (driver->error != 0) {
            return driver->error;
        }
        ++*ret_events;
    }
    return entry;
}

/* Runs the journal through `driver`, which is prepared but not made. */
static int replay(struct cau_journal_reader *reader, const char *text, size_t size,
                  struct cau_driver *driver, struct cau_replayed *ret, char **ret_why)
{
    struct holder holder = {.sink = {holder_write, holder_sync},
                            .onward = driver->tell.journal,
                            .at = text,
                            .end = text + size,
                            .line = 1,
                            .header_next = true};
    struct cau_driver before = *driver;
    const char *why;
    driver->tell.journal = &holder.sink;
    driver->backend = NULL;
    driver->on_action = NULL;
    int rc = cau_driver_init(driver, &why);
    if (rc < 0) {
        *ret_why = cau_sentence("journal line 1: plan: %s", why);
    } else {
        rc = feed(reader, driver, &holder, &ret->events, ret_why);
        ret->actions = holder.line - 2 - ret->events;
    }
    driver->tell.journal = before.tell.journal;
    driver->backend = before.backend;
    driver->on_action = before.on_action;
    if (rc == 0 && driver->tell.journal != NULL) {
        rc = driver->tell.journal->sync(driver->tell.journal);
    }
    if (rc != 0) {
        cau_driver_done(driver);
    }
    return rc;
}

int cau_replay(const char *text, size_t size, struct cau_driver *driver, struct cau_replayed *ret,
               char **ret_why)
{
    *ret = (struct cau_replayed){0};
    *ret_why = NULL;
    int rc = check_whole(text, size, ret_why);
    struct cau_journal_reader *reader = rc == 0 ? cau_journal_open(text, size, ret_why) : NULL;
    if (reader == NULL) {
        return rc == 0 ? -ENOMEM : rc;
    }
    if (driver != NULL) {
        rc = check_same_plan(cau_journal_plan(reader), driver->plan, ret_why);
    }
    struct cau_driver own = {
        .ops = &cau_decider_core,
        .plan = cau_journal_plan(reader),
        .tell = {.names = cau_journal_names(reader), .label = cau_journal_label(reader)}};
    if (rc == 0) {
        rc = replay(reader, text, size, driver == NULL ? &own : driver, ret, ret_why);
    }
    ret->ended = rc == 0 && cau_driver_ended(driver == NULL ? &own : driver);
    if (rc < 0 && *ret_why == NULL) {
        *ret_why = cau_sentence("the replay failed: %s", strerror(-rc));
    }
    cau_driver_done(&own);
    cau_journal_free(reader);
    return rc;
}
