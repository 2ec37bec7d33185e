/* A run directory as tables, words and JUnit XML: the sample of tests/data/run-sample, one node of
 * which has a hostile name. */
#include "analysis/html.h"
#include "analysis/junit.h"
#include "analysis/tables.h"
#include "analysis/text.h"
#include "tests/lib/unit.h"

#include <inttypes.h>
#include <libxml/parser.h>
#include <libxml/tree.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define FIELDS_MAX 32

static const char *sample = "tests/data/run-sample";
static const char hostile[] = "<b onclick=\"x()\">n5</b>&'`$(id)`";
static struct run *run;

static char *written(void (*write)(FILE *to, const struct run *run))
{
    char *text = NULL;
    size_t size = 0;
    FILE *to = open_memstream(&text, &size);
    CU_ASSERT_PTR_NOT_NULL_FATAL(to);
    write(to, run);
    fclose(to);
    return text;
}

static const char *wanted; /* the table that write_table writes */

static void write_table(FILE *to, const struct run *of)
{
    CU_ASSERT_EQUAL(tables_write(to, of, wanted), 0);
}

static void write_dictionary(FILE *to, const struct run *of)
{
    (void)of;
    tables_dictionary(to);
}

/* The fields of one line of RFC 4180, in place; `*text` is moved behind it. 0: there is none. */
static size_t take_line(char **text, char *ret[FIELDS_MAX])
{
    size_t count = 0;
    char *at = *text;
    while (*at != '\0' && count < FIELDS_MAX) {
        bool quoted = *at == '"';
        char *to = ret[count++] = at + quoted;
        at = to;
        while (*at != '\0' && (quoted ? *at != '"' || at[1] == '"' : strchr(",\n", *at) == NULL)) {
            at += quoted && *at == '"';
            *to++ = *at++;
        }
        at += quoted;
        char end = *at;
        CU_ASSERT(end == ',' || end == '\n');
        at += end != '\0';
        *to = '\0';
        if (end == '\n') {
            break;
        }
    }
    *text = at;
    return count;
}

static size_t rows_of(const char *table)
{
    size_t spans = 0, errors = 0;
    for (size_t i = 0; i < run->node_count; i++) {
        spans += run->nodes[i].span_count;
        errors += run->nodes[i].error_count;
    }
    return strcmp(table, "run") == 0       ? 1
           : strcmp(table, "nodes") == 0   ? run->node_count
           : strcmp(table, "states") == 0  ? spans
           : strcmp(table, "errors") == 0  ? errors
           : strcmp(table, "updates") == 0 ? run->update_count
           : strcmp(table, "events") == 0  ? run->mark_count
           : strcmp(table, "roles") == 0   ? run->role_count
                                           : run->vote_count;
}

/* Each table has the columns that the dictionary says, in its order, and all rows. */
static void test_tables(void)
{
    char *dictionary = written(write_dictionary), *meaning = dictionary, *said[FIELDS_MAX];
    CU_ASSERT_EQUAL(take_line(&meaning, said), 4);
    CU_ASSERT_STRING_EQUAL(said[3], "meaning");
    for (size_t i = 0; tables_names[i] != NULL; i++) {
        wanted = tables_names[i];
        char *text = written(write_table), *at = text, *names[FIELDS_MAX], *fields[FIELDS_MAX];
        size_t width = 0, count = 0, rows = 0;
        bool met_hostile = false, has_node;
        size_t columns = take_line(&at, names);
        has_node = strcmp(names[0], "node") == 0;
        for (; width < columns; width++) {
            CU_ASSERT_EQUAL_FATAL(take_line(&meaning, said), 4);
            CU_ASSERT_STRING_EQUAL(said[0], wanted);
            CU_ASSERT_STRING_EQUAL(said[1], names[width]);
            CU_ASSERT(strlen(said[3]) > 5 && said[3][strlen(said[3]) - 1] == '.');
        }
        while ((count = take_line(&at, fields)) > 0) {
            CU_ASSERT_EQUAL(count, columns);
            met_hostile = met_hostile || strcmp(fields[0], hostile) == 0;
            rows++;
        }
        CU_ASSERT_EQUAL(rows, rows_of(wanted));
        CU_ASSERT(rows > 0);
        CU_ASSERT(met_hostile == (has_node && strcmp(wanted, "errors") != 0));
        free(text);
    }
    CU_ASSERT_EQUAL(take_line(&meaning, said), 0); /* and nothing besides */
    CU_ASSERT_EQUAL(tables_write(stderr, run, "node"), -1);
    free(dictionary);
}

static int attribute(const xmlNode *node, const char *name)
{
    xmlChar *value = xmlGetProp(node, (const xmlChar *)name);
    int number = value == NULL ? -1 : (int)strtol((const char *)value, NULL, 10);
    xmlFree(value);
    return number;
}

static void test_junit(void)
{
    char *text = written(junit_write);
    xmlDoc *doc = xmlReadMemory(text, (int)strlen(text), NULL, NULL, XML_PARSE_NONET);
    CU_ASSERT_PTR_NOT_NULL_FATAL(doc);
    const xmlNode *suite = xmlDocGetRootElement(doc)->children->next;
    int cases = 0, failures = 0, errors = 0, skipped = 0;
    bool met_hostile = false;
    for (const xmlNode *at = suite->children; at != NULL; at = at->next) {
        if (strcmp((const char *)at->name, "testcase") != 0) {
            continue;
        }
        cases++;
        xmlChar *name = xmlGetProp(at, (const xmlChar *)"name");
        met_hostile = met_hostile || strcmp((const char *)name, hostile) == 0;
        xmlFree(name);
        for (const xmlNode *in = at->children; in != NULL; in = in->next) {
            failures += strcmp((const char *)in->name, "failure") == 0;
            errors += strcmp((const char *)in->name, "error") == 0;
            skipped += strcmp((const char *)in->name, "skipped") == 0;
        }
    }
    CU_ASSERT_EQUAL((size_t)cases, run->node_count + 1);
    CU_ASSERT_EQUAL(attribute(suite, "tests"), cases);
    CU_ASSERT_EQUAL(attribute(suite, "failures"), failures);
    CU_ASSERT_EQUAL(attribute(suite, "errors"), errors);
    CU_ASSERT_EQUAL(attribute(suite, "skipped"), skipped);
    CU_ASSERT(failures > 0 && met_hostile);
    xmlFreeDoc(doc);
    free(text);
}

static void test_text(void)
{
    char *text = written(text_write);
    for (size_t i = 0; i < run->node_count; i++) {
        const struct run_node *node = &run->nodes[i];
        CU_ASSERT_PTR_NOT_NULL(strstr(text, node->name));
        for (size_t k = 0; k < node->error_count; k++) {
            CU_ASSERT_PTR_NOT_NULL(strstr(text, node->errors[k].why));
        }
    }
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n  database: on node1, moves 2, down 30 s\n"));
    CU_ASSERT_PTR_NOT_NULL(strstr(text, "\n  <web>: DOWN, last on node4, moves 0, down "));
    CU_ASSERT_PTR_NULL(strstr(text, " \n"));
    free(text);
}

/* One vote from losing quorum: neither with a vote to spare nor when it is lost already. */
static void test_exposure(void)
{
    struct run_votes votes[] = {
        {.at_ms = 0, .total = 4, .needed = 3, .margin = 1, .quorate = true},
        {.at_ms = 100, .total = 3, .needed = 3, .margin = 0, .quorate = true},
        {.at_ms = 250, .total = 2, .needed = 3, .margin = -1, .quorate = false},
        {.at_ms = 400, .total = 3, .needed = 3, .margin = 0, .quorate = true},
    };
    struct run small = {.start_ms = 50, .end_ms = 430, .votes = votes, .vote_count = 4};
    CU_ASSERT_EQUAL(run_exposed_ms(&small), 150 + 30);
    small.start_ms = 120;
    small.end_ms = 200;
    CU_ASSERT_EQUAL(run_exposed_ms(&small), 80);
    small.vote_count = 0;
    CU_ASSERT_EQUAL(run_exposed_ms(&small), 0);
}

/* At most one node in service, however many votes there are. */
static void test_last_place(void)
{
    struct run_votes votes[] = {{.at_ms = 0, .out = 0, .margin = 1, .quorate = true},
                                {.at_ms = 100, .out = 1, .margin = 1, .quorate = true},
                                {.at_ms = 130, .out = 2, .margin = 1, .quorate = true},
                                {.at_ms = 170, .out = 3, .margin = -1, .quorate = false}};
    struct run_node nodes[3] = {{.name = "n1"}};
    struct run three = {
        .end_ms = 200, .votes = votes, .vote_count = 4, .nodes = nodes, .node_count = 3};
    CU_ASSERT_EQUAL(run_last_place_ms(&three), 70);
    three.node_count = 2;
    CU_ASSERT_EQUAL(run_last_place_ms(&three), 100);
}

#define ERROR(n, word, sentence)                                                                   \
    {                                                                                              \
        .attempt = (n), .reason = (word), .why = (sentence)                                        \
    }

/* What happened to a node, in the words of the page: nothing twice. */
static void test_story(void)
{
    struct run_error same[] = {ERROR(1, "A", "it was so"), ERROR(2, "A", "it was so")};
    struct run_error many[] = {ERROR(1, "A", "it was so"), ERROR(1, "A", "it was so"),
                               ERROR(1, "A", "it was so")};
    struct run_error mixed[] = {ERROR(0, "A", "it was so"), ERROR(1, "A", "it was so"),
                                ERROR(2, "B", "then so"), ERROR(4, "B", "then so")};
    const struct {
        struct run_node node;
        const char *said;
    } stories[] = {
        {{.errors = same, .error_count = 2, .reason = "A", .why = "it was so"},
         "<td class=\"s\">Attempts 1 and 2 failed: it was so (<code>A</code>).</td>"},
        {{.errors = many, .error_count = 3, .reason = "A", .why = "it was so"},
         "<td class=\"s\">Attempt 1 failed 3 times: it was so (<code>A</code>).</td>"},
        {{.errors = mixed, .error_count = 4, .reason = "C", .why = "at last so"},
         "<td class=\"s\">Before its turn and until attempt 1: it was so. Attempts 2 to 4 failed: "
         "then so. In the end: at last so (<code>C</code>).</td>"},
        {{.boot = "SoftReboot", .soft = "Enabled"},
         "<td class=\"s\">Its restart was a soft one.</td>"},
        {{.rebooted = "Failed", .boot = "SoftReboot", .soft = "Enabled"},
         "<td class=\"s\">A soft restart of it did not succeed.</td>"},
        {{.boot = "FullReboot", .soft = "Enabled", .left_suspended = true},
         "<td class=\"s\">A soft restart failed and became a full one. It is still suspended; "
         "resume it when it is repaired.</td>"},
        {{.boot = "FullReboot", .soft = "Bypassed"},
         "<td class=\"s\">It was restarted as a whole: a soft restart was bypassed.</td>"},
        {{.boot = "FullReboot", .soft = "NotInstalled"},
         "<td class=\"s\">It was restarted as a whole: there is nothing to do a soft restart "
         "with."},
        {{.boot = "PluginCustomReboot", .soft = "NotEnabled"},
         "<td class=\"s\">A plug-in restarted it.</td>"},
        {{.boot = "FullReboot", .soft = "NotEnabled"}, "<td class=\"s\">Nothing to report.</td>"},
    };
    char dir[] = "/tmp/caucus-story.XXXXXX", page[64], *text = NULL, *why = NULL;
    size_t size = 0;
    CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
    snprintf(page, sizeof page, "%s/report.html", dir);
    for (size_t i = 0; i < sizeof stories / sizeof *stories; i++) {
        struct run one = *run;
        struct run_node node = stories[i].node;
        node.name = "n1";
        node.status = "Succeeded";
        node.reason = node.reason != NULL ? node.reason : "";
        node.why = node.why != NULL ? node.why : "";
        node.rebooted = node.rebooted != NULL ? node.rebooted : "Succeeded";
        node.boot = node.boot != NULL ? node.boot : "";
        node.soft = node.soft != NULL ? node.soft : "";
        one.nodes = &node;
        one.node_count = 1;
        one.update_count = 0;
        CU_ASSERT_EQUAL_FATAL(html_write(&one, "none were drawn", dir, &why), 0);
        FILE *file = fopen(page, "r");
        CU_ASSERT_PTR_NOT_NULL_FATAL(file);
        CU_ASSERT(getdelim(&text, &size, '\0', file) > 0);
        fclose(file);
        CU_ASSERT_PTR_NOT_NULL(strstr(text, stories[i].said));
    }
    free(text);
    CU_ASSERT_EQUAL(unlink(page), 0);
    CU_ASSERT_EQUAL(rmdir(dir), 0);
}

int main(int argc, char **argv)
{
    static const struct unit_test tests[] = {
        {"tables and their dictionary", test_tables},
        {"JUnit XML", test_junit},
        {"words", test_text},
        {"exposure", test_exposure},
        {"a last place", test_last_place},
        {"stories", test_story},
    };
    char *why = NULL;
    sample = argc > 1 ? argv[1] : sample;
    run = run_load(sample, &why);
    if (run == NULL) {
        fprintf(stderr, "%s\n", why);
        free(why);
        return 1;
    }
    int code = UNIT_MAIN("tables of a run", tests);
    run_free(run);
    xmlCleanupParser();
    return code;
}
