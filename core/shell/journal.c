/* Writing and reading journals: see journal.h. */
#include "core/shell/journal.h"

#include "core/shell/fields.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int put(struct cau_sink *sink, struct cau_text *text)
{
    cau_text_say(text, "\n");
    int rc = text->failed ? -ENOMEM : sink->write(sink, text->data, text->size);
    cau_text_done(text);
    return rc;
}

int cau_journal_header(struct cau_sink *sink, const struct cau_plan *plan,
                       const struct cau_names *names, const char *label)
{
    struct cau_journal_head head = {.journal = CAU_JOURNAL_FORMAT,
                                    .core = CAU_CORE_VERSION,
                                    .progress = CAU_PROGRESS_VERSION,
                                    .label = label,
                                    .names = *names,
                                    .plan = *plan};
    struct cau_text text;
    cau_text_init(&text);
    cau_fields_write(&text, &cau_fields_head, &head);
    return put(sink, &text);
}

static int put_entry(struct cau_sink *sink, uint64_t seq, const char *what,
                     const struct cau_fields *fields, const void *value)
{
    struct cau_text text;
    cau_text_init(&text);
    cau_text_say(&text, "{\"seq\":");
    cau_text_uint(&text, seq);
    cau_text_say(&text, ",");
    cau_text_quote(&text, what);
    cau_text_say(&text, ":");
    cau_fields_write(&text, fields, value);
    cau_text_say(&text, "}");
    return put(sink, &text);
}

int cau_journal_event(struct cau_sink *sink, uint64_t seq, const struct cau_event *event)
{
    return put_entry(sink, seq, "event", &cau_fields_event, event);
}

int cau_journal_action(struct cau_sink *sink, uint64_t seq, const struct cau_action *action)
{
    return put_entry(sink, seq, "action", &cau_fields_action, action);
}

struct cau_journal_reader {
    const char *at, *end;
    uint64_t line; /* of the last entry; the header is 1, entry `seq` is seq + 1 */
    struct cau_journal_head head;
    struct cau_event event;
    struct cau_action action;
    struct cau_pool head_pool, entry_pool;
};

/* The next line without its end, or false when none is whole; the rest stays unread. */
static bool next_line(struct cau_journal_reader *reader, const char **ret, size_t *ret_size)
{
    const char *end = reader->at == reader->end
                          ? NULL
                          : memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
    if (end == NULL) {
        return false;
    }
    *ret = reader->at;
    *ret_size = (size_t)(end - reader->at);
    reader->at = end + 1;
    reader->line++;
    return true;
}

static void blame_line(const struct cau_journal_reader *reader, const struct cau_json *json,
                       char **reterr_why)
{
    char *sentence = cau_json_sentence(json);
    *reterr_why = cau_sentence("journal line %" PRIu64 ": %s", reader->line,
                               sentence == NULL ? "not enough memory" : sentence);
    free(sentence);
}

static bool check_head(const struct cau_journal_head *head, struct cau_json *json)
{
    if (head->names.cluster == NULL || head->names.node_count != head->plan.node_count ||
        head->names.plugin_count != head->plan.plugin_count) {
        return cau_json_fail(json, "names must have the cluster and one name for each of the "
                                   "plan's nodes and plug-ins");
    }
    return true;
}

/* The format version is looked at before all else: another format may have other members. */
static bool read_head(struct cau_journal_reader *reader, struct cau_json *json, const char *line,
                      size_t size)
{
    const char *name;
    size_t name_size;
    uint64_t format;
    cau_json_init(json, line, size);
    if (!cau_json_expect(json, '{') || !cau_json_raw(json, &name, &name_size) ||
        name_size != strlen("journal") || memcmp(name, "journal", name_size) != 0 ||
        !cau_json_expect(json, ':') || !cau_json_uint(json, UINT32_MAX, &format)) {
        json->why[0] = '\0';
        return cau_json_fail(json, "must begin with {\"journal\":%d,", CAU_JOURNAL_FORMAT);
    }
    if (format != CAU_JOURNAL_FORMAT) {
        return cau_json_fail(json, "must be of journal format %d, is %" PRIu64, CAU_JOURNAL_FORMAT,
                             format);
    }
    cau_json_init(json, line, size);
    return cau_fields_read(json, &cau_fields_head, &reader->head, &reader->head_pool,
                           CAU_NODES_MAX) &&
           cau_json_end(json) && check_head(&reader->head, json);
}

struct cau_journal_reader *cau_journal_open(const char *text, size_t size, char **reterr_why)
{
    *reterr_why = NULL;
    struct cau_journal_reader *reader = calloc(1, sizeof(*reader));
    if (reader == NULL) {
        *reterr_why = cau_sentence("not enough memory for the journal");
        return NULL;
    }
    reader->at = text;
    reader->end = text + size;
    struct cau_json json;
    const char *line;
    size_t line_size;
    if (!next_line(reader, &line, &line_size)) {
        *reterr_why = cau_sentence("journal line 1: must be a header, is %s",
                                   size == 0 ? "not there" : "cut short");
    } else if (read_head(reader, &json, line, line_size)) {
        return reader;
    } else {
        blame_line(reader, &json, reterr_why);
    }
    cau_journal_free(reader);
    return NULL;
}

void cau_journal_free(struct cau_journal_reader *reader)
{
    if (reader != NULL) {
        cau_pool_done(&reader->head_pool);
        cau_pool_done(&reader->entry_pool);
        free(reader);
    }
}

const struct cau_plan *cau_journal_plan(const struct cau_journal_reader *reader)
{
    return &reader->head.plan;
}

const struct cau_names *cau_journal_names(const struct cau_journal_reader *reader)
{
    return &reader->head.names;
}

const char *cau_journal_label(const struct cau_journal_reader *reader)
{
    return reader->head.label;
}

uint32_t cau_journal_core_version(const struct cau_journal_reader *reader)
{
    return reader->head.core;
}

const struct cau_action *cau_journal_action_of(const struct cau_journal_reader *reader)
{
    return &reader->action;
}

uint64_t cau_journal_line(const struct cau_journal_reader *reader)
{
    return reader->line;
}

static bool read_seq(struct cau_json *json, uint64_t wanted)
{
    const char *name;
    size_t size;
    uint64_t seq;
    if (!cau_json_expect(json, '{') || !cau_json_raw(json, &name, &size)) {
        return false;
    }
    if (size != 3 || memcmp(name, "seq", 3) != 0) {
        return cau_json_fail(json, "must begin with {\"seq\":%" PRIu64 ",", wanted);
    }
    if (!cau_json_expect(json, ':') || !cau_json_uint(json, UINT64_MAX, &seq)) {
        return cau_json_blame(json, name, size);
    }
    if (seq != wanted) {
        cau_json_fail(json, "must be %" PRIu64 ", is %" PRIu64, wanted, seq);
        return cau_json_blame(json, name, size);
    }
    return cau_json_expect(json, ',');
}

static bool read_entry(struct cau_journal_reader *reader, struct cau_json *json, int *ret_entry)
{
    static const struct {
        const char *name;
        const struct cau_fields *fields;
        size_t offset;
        int entry;
    } kinds[] = {
        {"event", &cau_fields_event, offsetof(struct cau_journal_reader, event), CAU_JOURNAL_EVENT},
        {"action", &cau_fields_action, offsetof(struct cau_journal_reader, action),
         CAU_JOURNAL_ACTION},
    };
    const char *name;
    size_t size;
    if (!read_seq(json, reader->line - 1) || !cau_json_raw(json, &name, &size) ||
        !cau_json_expect(json, ':')) {
        return false;
    }
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strlen(kinds[i].name) != size || memcmp(kinds[i].name, name, size) != 0) {
            continue;
        }
        *ret_entry = kinds[i].entry;
        if (!cau_fields_read(json, kinds[i].fields, (char *)reader + kinds[i].offset,
                             &reader->entry_pool, reader->head.plan.node_count)) {
            return cau_json_blame(json, name, size);
        }
        return cau_json_expect(json, '}') && cau_json_end(json);
    }
    return cau_json_fail(json, "must be an event or an action, is \"%.*s\"",
                         size < 40 ? (int)size : 40, name);
}

int cau_journal_next(struct cau_journal_reader *reader, const struct cau_event **ret_event,
                     const char **ret_line, size_t *ret_size, bool *ret_torn, char **reterr_why)
{
    *ret_event = NULL;
    *ret_line = NULL;
    *ret_size = 0;
    *ret_torn = false;
    *reterr_why = NULL;
    cau_pool_clear(&reader->entry_pool);
    if (!next_line(reader, ret_line, ret_size)) {
        *ret_torn = reader->at < reader->end;
        return CAU_JOURNAL_END;
    }
    struct cau_json json;
    cau_json_init(&json, *ret_line, *ret_size);
    int entry = CAU_JOURNAL_END;
    if (!read_entry(reader, &json, &entry)) {
        blame_line(reader, &json, reterr_why);
        return -EINVAL;
    }
    *ret_event = entry == CAU_JOURNAL_EVENT ? &reader->event : NULL;
    return entry;
}
