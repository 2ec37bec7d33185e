/* The CIB by its own tool, cibadmin: one call, one answer. See store.h.
 *
 * What comes back is XML that libxml2 printed: attributes in double quotes, entities for what is
 * special. Of it only values of nvpairs are wanted here, so a scan from tag to tag is enough; the
 * coordinator reads the rest with a real parser. */
#include "real-backend/node/store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUERY_MS      5000  /* it answers after 10 ms, or hangs as long as a membership changes */
#define WRITE_MS      30000 /* a write waits until the membership has changed */
#define RC_DISCONNECT 102
#define RC_NO_OBJECT  105
#define RC_TIMEOUT    124

static enum cib_answer answer_of(int status)
{
    return status == 0 ? CIB_DONE : status == RC_NO_OBJECT ? CIB_NO_PLACE : CIB_SILENT;
}

enum cib_answer cib_modify(const char *xpath, const char *xml, char **ret_why)
{
    const char *const argv[] = {"cibadmin", "--modify", "--xpath", xpath, "--xml-pipe", NULL};
    struct node_tool tool = {.argv = argv, .input = xml, .limit_ms = WRITE_MS, .steady = true};
    *ret_why = NULL;
    if (node_tool_run(&tool) != 0) {
        *ret_why = strdup("cibadmin could not be started");
        return CIB_SILENT;
    }
    enum cib_answer answer = answer_of(tool.status);
    if (answer == CIB_SILENT) {
        tool.errors[strcspn(tool.errors, "\n")] = '\0';
        *ret_why = tool.timed_out
                       ? strdup("cibadmin did not answer within 30 s")
                       : cau_sentence("cibadmin ended with %d: %.300s", tool.status, tool.errors);
    }
    node_tool_done(&tool);
    return answer;
}

enum cib_answer cib_upgrade(char **ret_why)
{
    static const char *const argv[] = {"cibadmin", "--upgrade", "--force", NULL};
    struct node_tool tool = {.argv = argv, .limit_ms = WRITE_MS, .steady = true};
    int rc = node_tool_run(&tool);
    *ret_why = NULL;
    if (rc != 0 || tool.status != 0) {
        *ret_why = cau_sentence("cibadmin --upgrade: %.300s",
                                rc != 0 ? strerror(-rc) : wire_text(tool.errors));
    }
    enum cib_answer answer = rc == 0 && tool.status == 0 ? CIB_DONE : CIB_REFUSED;
    if (rc == 0 && (tool.timed_out || tool.status == RC_TIMEOUT || tool.status == RC_DISCONNECT)) {
        answer = CIB_SILENT;
    }
    node_tool_done(&tool);
    return answer;
}

enum cib_answer cib_query(const char *xpath, char **ret_xml)
{
    const char *const argv[] = {"cibadmin", "--query", "--xpath", xpath, NULL};
    struct node_tool tool = {.argv = argv, .limit_ms = QUERY_MS};
    *ret_xml = NULL;
    if (node_tool_run(&tool) != 0) {
        return CIB_SILENT;
    }
    enum cib_answer answer = answer_of(tool.status);
    if (answer == CIB_DONE) {
        *ret_xml = tool.output;
        tool.output = NULL;
    }
    node_tool_done(&tool);
    return answer;
}

enum cib_answer cib_delete_all(const char *xpath)
{
    const char *const argv[] = {"cibadmin", "--delete-all", "--force", "--xpath", xpath, NULL};
    struct node_tool tool = {.argv = argv, .limit_ms = WRITE_MS, .steady = true};
    if (node_tool_run(&tool) != 0) {
        return CIB_SILENT;
    }
    enum cib_answer answer = answer_of(tool.status);
    node_tool_done(&tool);
    return answer;
}

bool cib_quorate(void)
{
    const char *const argv[] = {"corosync-quorumtool", "-s", NULL};
    struct node_tool tool = {.argv = argv, .limit_ms = QUERY_MS};
    if (node_tool_run(&tool) != 0) {
        return false;
    }
    const char *line = strstr(tool.output, "\nQuorate:");
    bool quorate = line != NULL && strncmp(line + 9 + strspn(line + 9, " "), "Yes", 3) == 0;
    node_tool_done(&tool);
    return quorate;
}

enum cib_answer cib_store_read(struct cib_store *ret)
{
    char *xml;
    *ret = (struct cib_store){0};
    enum cib_answer answer = cib_query("/cib[@have-quorum='1']/configuration/crm_config", &xml);
    if (answer == CIB_DONE) {
        char *ack = cib_value(xml, STORE_ACK_ID);
        ret->lock = cib_value(xml, STORE_LOCK_ID);
        ret->progress = cib_value(xml, STORE_PROGRESS_ID);
        ret->request = cib_value(xml, STORE_REQUEST_ID);
        ret->ack = ack == NULL ? 0 : strtoull(ack, NULL, 10);
        free(ack);
    }
    free(xml);
    return answer;
}

void cib_store_done(struct cib_store *store)
{
    free(store->lock);
    free(store->progress);
    free(store->request);
    *store = (struct cib_store){0};
}

/* ---- XML ---- */

/* The value of an attribute within one tag; NULL: it has none. */
static const char *attribute(const char *tag, const char *end, const char *name, size_t *ret_size)
{
    size_t size = strlen(name);
    for (const char *at = tag; at < end;) {
        at += strcspn(at, " \t\n>");
        at += strspn(at, " \t\n");
        const char *value = at + strcspn(at, "=>") + 1; /* at the quote */
        if (value >= end || (*value != '"' && *value != '\'')) {
            return NULL;
        }
        const char *close = strchr(value + 1, *value);
        if (close == NULL) {
            return NULL;
        }
        if ((size_t)(value - 1 - at) == size && strncmp(at, name, size) == 0) {
            *ret_size = (size_t)(close - value) - 1;
            return value + 1;
        }
        at = close + 1;
    }
    return NULL;
}

/* Where the tag at `tag` ends: a '>' within a value does not end it. */
static const char *end_of_tag(const char *tag)
{
    char quote = '\0';
    for (; *tag != '\0' && (quote != '\0' || *tag != '>'); tag++) {
        if (quote == '\0' && (*tag == '"' || *tag == '\'')) {
            quote = *tag;
        } else if (*tag == quote) {
            quote = '\0';
        }
    }
    return tag;
}

static char *unescaped(const char *value, size_t size)
{
    static const struct {
        const char *entity;
        char c;
    } entities[] = {
        {"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}, {"&quot;", '"'}, {"&apos;", '\''}};
    char *text = strndup(value, size), *to = text;
    for (const char *from = text; text != NULL && *from != '\0';) {
        size_t taken = 0;
        for (size_t i = 0; *from == '&' && i < sizeof entities / sizeof *entities; i++) {
            size_t length = strlen(entities[i].entity);
            if (strncmp(from, entities[i].entity, length) == 0) {
                *to++ = entities[i].c;
                taken = length;
                break;
            }
        }
        if (taken == 0) {
            *to++ = *from;
            taken = 1;
        }
        from += taken;
    }
    if (text != NULL) {
        *to = '\0';
    }
    return text;
}

char *cib_value(const char *xml, const char *id)
{
    for (const char *tag = xml; (tag = strstr(tag, "<nvpair ")) != NULL;) {
        const char *end = end_of_tag(tag);
        size_t id_size, size;
        if (*end == '\0') {
            return NULL; /* torn */
        }
        const char *own = attribute(tag, end, "id", &id_size);
        const char *value = attribute(tag, end, "value", &size);
        if (own != NULL && id_size == strlen(id) && strncmp(own, id, id_size) == 0) {
            return value == NULL ? strdup("") : unescaped(value, size);
        }
        tag = end;
    }
    return NULL;
}

void cib_escape(struct cau_text *text, const char *value)
{
    for (; *value != '\0'; value++) {
        static const char special[] = "<>&\"'";
        static const char *const entities[] = {"&lt;", "&gt;", "&amp;", "&quot;", "&apos;"};
        const char *at = strchr(special, *value);
        if (at != NULL) {
            cau_text_say(text, entities[at - special]);
        } else {
            cau_text_add(text, value, 1);
        }
    }
}

bool cib_name_fits(const char *name)
{
    for (const char *at = name; *at != '\0'; at++) {
        if ((unsigned char)*at <= ' ' || strchr("\"'<>&/\x7f", *at) != NULL) {
            return false;
        }
    }
    return *name != '\0' && *name != '-';
}
