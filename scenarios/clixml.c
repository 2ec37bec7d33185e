/* See clixml.h. Each serialized value becomes the JSON value that says the same; a parameter that
 * is null was not given. */
#define _GNU_SOURCE 1
#include "scenarios/clixml.h"

#include "core/cli/options.h"
#include "core/shell/text.h"

#include <inttypes.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool scn_is_xml(const char *text, size_t size)
{
    size_t i = 0;
    while (i < size && strchr(" \t\r\n\xef\xbb\xbf\xff\xfe", text[i]) != NULL && text[i] != '\0') {
        i++; /* blanks and the marks of UTF-8 and UTF-16 */
    }
    return i < size && (text[i] == '<' || (text[i] == '\0' && i + 1 < size && text[i + 1] == '<'));
}

#if CAUCUS_WITH_LIBXML

#include <libxml/parser.h>
#include <libxml/tree.h>

struct translation {
    struct cau_text json;
    char *why; /* the first failure */
    bool failed;
};

static void refuse(struct translation *t, char *sentence)
{
    if (t->failed) {
        free(sentence);
        return;
    }
    t->failed = true;
    t->why = sentence;
}

/* ---- the document ---- */

static bool is(const xmlNode *node, const char *name)
{
    return node->type == XML_ELEMENT_NODE && strcmp((const char *)node->name, name) == 0;
}

static xmlNode *child(xmlNode *node, const char *name)
{
    xmlNode *at = node != NULL ? node->children : NULL;
    while (at != NULL && !is(at, name)) {
        at = at->next;
    }
    return at;
}

/* The member called so ("Key", "IsPresent"). */
static xmlNode *member(xmlNode *node, const char *name)
{
    for (xmlNode *at = node != NULL ? node->children : NULL; at != NULL; at = at->next) {
        xmlChar *n = at->type == XML_ELEMENT_NODE ? xmlGetProp(at, (const xmlChar *)"N") : NULL;
        bool found = n != NULL && strcmp((const char *)n, name) == 0;
        xmlFree(n);
        if (found) {
            return at;
        }
    }
    return NULL;
}

/* "_x000A_" stands for one unit of UTF-16. */
static bool escaped(const char *text, uint32_t *ret)
{
    char digits[5] = "", *end = NULL;
    if (strncmp(text, "_x", 2) != 0 || strnlen(text, 7) < 7 || text[6] != '_') {
        return false;
    }
    memcpy(digits, text + 2, 4);
    *ret = (uint32_t)strtoul(digits, &end, 16);
    return strspn(digits, "0123456789abcdefABCDEF") == 4 && *ret != 0;
}

static size_t put_utf8(char *to, uint32_t c)
{
    if (c < 0x80) {
        to[0] = (char)c;
        return 1;
    }
    size_t size = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = size - 1; i > 0; i--, c >>= 6) {
        to[i] = (char)(0x80 | (c & 0x3f));
    }
    to[0] = (char)((0xf00u >> size & 0xff) | c);
    return size;
}

/* What an element holds as text, malloc'd; NULL without memory. */
static char *text_of(xmlNode *node)
{
    xmlChar *content = xmlNodeGetContent(node);
    char *text = content != NULL ? strdup((const char *)content) : NULL, *to = text;
    uint32_t c, low;
    xmlFree(content);
    for (const char *from = text; from != NULL;) {
        if (!escaped(from, &c)) {
            if ((*to++ = *from++) == '\0') {
                break;
            }
            continue;
        }
        from += 7;
        if (c >> 10 == 0xd800 >> 10 && escaped(from, &low) && low >> 10 == 0xdc00 >> 10) {
            c = 0x10000 + ((c & 0x3ff) << 10) + (low & 0x3ff);
            from += 7;
        }
        c = c >> 11 == 0xd800 >> 11 ? 0xfffd : c; /* half a pair */
        to += put_utf8(to, c);                    /* at most 4 bytes in place of 7 */
    }
    return text;
}

/* ---- values ---- */

static void put_value(struct translation *t, const char *name, xmlNode *value);

/* "PT2H30M", "P1DT2.5S" as "2h30m", "1d2.5s"; anything else stays what it is. */
static void put_duration(struct translation *t, const char *text)
{
    char out[64];
    size_t n = 0;
    const char *at = text;
    bool time = false;
    for (at += *at == 'P'; *at != '\0' && n + 2 < sizeof out; at++) {
        time = time || *at == 'T';
        if (*at == 'M' && time) {
            out[n++] = 'm';
        } else if (strchr("DHS", *at) != NULL) {
            out[n++] = (char)(*at | 0x20);
        } else if (*at != 'T') {
            out[n++] = *at;
        }
    }
    out[n] = '\0';
    cau_text_quote(&t->json, *text == 'P' && n > 0 ? out : text);
}

static bool among(const char *kind, const char *const *kinds)
{
    while (*kinds != NULL && strcmp(kind, *kinds) != 0) {
        kinds++;
    }
    return *kinds != NULL;
}

static bool is_number(const char *text)
{
    char *end = NULL;
    strtod(text, &end);
    size_t size = strlen(text);
    return end != text && *end == '\0' && strspn(text, "-.0123456789eE") == size &&
           text[size - 1] != '.' && text[strspn(text, "-")] != '.';
}

static void put_scalar(struct translation *t, const char *name, xmlNode *value)
{
    static const char *const texts[] = {"S", "C", "G", "URI", "Version", NULL};
    static const char *const numbers[] = {"I32", "I64", "I16", "SB", "U32", "U64",
                                          "U16", "By",  "Db",  "Sg", "D",   NULL};
    static const char *const yes[] = {"true", "1", NULL}, *const no[] = {"false", "0", NULL};
    const char *kind = (const char *)value->name;
    char *text = text_of(value);
    if (text == NULL) {
        refuse(t, NULL);
    } else if (among(kind, texts)) {
        cau_text_quote(&t->json, text);
    } else if (among(kind, numbers) && is_number(text)) {
        cau_text_say(&t->json, text);
    } else if (strcmp(kind, "B") == 0 && (among(text, yes) || among(text, no))) {
        cau_text_say(&t->json, among(text, yes) ? "true" : "false");
    } else if (strcmp(kind, "TS") == 0) {
        put_duration(t, text);
    } else {
        refuse(t, cau_sentence("%s: <%s>%s</%s> is no value of an option", name, kind, text, kind));
    }
    free(text);
}

static void put_list(struct translation *t, const char *name, xmlNode *list)
{
    const char *between = "[";
    for (xmlNode *at = list->children; at != NULL; at = at->next) {
        if (at->type == XML_ELEMENT_NODE) {
            cau_text_say(&t->json, between);
            put_value(t, name, at);
            between = ",";
        }
    }
    cau_text_say(&t->json, *between == '[' ? "[]" : "]");
}

/* Calls `take` for each entry of a hash table and each property of an object. */
static void each_entry(struct translation *t, xmlNode *object,
                       void (*take)(struct translation *t, const char *name, xmlNode *value))
{
    xmlNode *table = child(object, "DCT");
    xmlNode *properties =
        child(object, "MS") != NULL ? child(object, "MS") : child(object, "Props");
    xmlNode *entries = table != NULL ? table : properties;
    for (xmlNode *at = entries != NULL ? entries->children : NULL; at != NULL && !t->failed;
         at = at->next) {
        char *name = NULL;
        xmlNode *value = at;
        if (at->type != XML_ELEMENT_NODE) {
            continue;
        }
        if (table != NULL) {
            name = member(at, "Key") != NULL ? text_of(member(at, "Key")) : NULL;
            value = member(at, "Value");
        } else {
            name = (char *)xmlGetProp(at, (const xmlChar *)"N");
        }
        if (name == NULL || value == NULL) {
            refuse(t, cau_sentence("an entry must have a name and a value"));
        } else if (!is(value, "Nil")) {
            take(t, name, value);
        }
        free(name);
    }
}

static void put_member(struct translation *t, const char *name, xmlNode *value)
{
    if (t->json.data[t->json.size - 1] != '{') {
        cau_text_say(&t->json, ",");
    }
    cau_text_quote(&t->json, name);
    cau_text_say(&t->json, ":");
    put_value(t, name, value);
}

static void put_value(struct translation *t, const char *name, xmlNode *value)
{
    xmlNode *present = member(child(value, "Props"), "IsPresent"); /* of a switch */
    xmlNode *list = child(value, "LST") != NULL ? child(value, "LST") : child(value, "IE");
    if (!is(value, "Obj")) {
        put_scalar(t, name, value);
    } else if (present != NULL) {
        put_scalar(t, name, present);
    } else if (list != NULL) {
        put_list(t, name, list);
    } else if (child(value, "DCT") != NULL) {
        cau_text_say(&t->json, "{");
        each_entry(t, value, put_member);
        cau_text_say(&t->json, "}");
    } else {
        refuse(t, cau_sentence("%s: must be a value, a list or a hash table", name));
    }
}

/* ---- parameters ---- */

/* One parameter; where a list is wanted, one value is a list of one. */
static void put_parameter(struct translation *t, const char *name, xmlNode *value)
{
    const struct cau_option *option = cau_option_find_any(name);
    if (option == NULL) {
        refuse(t, cau_sentence("%s: no such parameter", name));
        return;
    }
    bool one = (option->type == CAU_OPTION_NAMES || option->type == CAU_OPTION_TABLES) &&
               child(value, "LST") == NULL && child(value, "IE") == NULL;
    if (t->json.size > 1) {
        cau_text_say(&t->json, ",");
    }
    cau_text_quote(&t->json, option->name);
    cau_text_say(&t->json, one ? ":[" : ":");
    put_value(t, name, value);
    cau_text_say(&t->json, one ? "]" : "");
}

static xmlNode *next_object(xmlNode *object)
{
    xmlNode *at = object->next;
    while (at != NULL && at->type != XML_ELEMENT_NODE) {
        at = at->next;
    }
    return at;
}

static void translate(struct translation *t, xmlDoc *document)
{
    xmlNode *root = xmlDocGetRootElement(document), *object = child(root, "Obj");
    if (xmlGetIntSubset(document) != NULL || root == NULL || !is(root, "Objs") || object == NULL ||
        next_object(object) != NULL) {
        refuse(t, cau_sentence("must be one hash table or object as Export-Clixml writes it"));
        return;
    }
    cau_text_say(&t->json, "{");
    each_entry(t, object, put_parameter);
    cau_text_say(&t->json, "}");
}

static void silent(void *ctx, const char *message, ...)
{
    (void)ctx;
    (void)message;
}

char *scn_clixml_to_json(const char *text, size_t size, char **reterr_why)
{
    struct translation t = {0};
    cau_text_init(&t.json);
    xmlSetGenericErrorFunc(NULL, silent);
    xmlDoc *document =
        size > INT_MAX ? NULL
                       : xmlReadMemory(text, (int)size, NULL, NULL,
                                       XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
    if (document == NULL) {
        const xmlError *error = xmlGetLastError();
        refuse(&t, cau_sentence("line %d: is no well-formed XML", error != NULL ? error->line : 1));
    } else {
        translate(&t, document);
        xmlFreeDoc(document);
    }
    *reterr_why = t.why;
    if (t.failed) {
        cau_text_done(&t.json);
        return NULL;
    }
    return cau_text_take(&t.json);
}

#else

char *scn_clixml_to_json(const char *text, size_t size, char **reterr_why)
{
    (void)text;
    (void)size;
    *reterr_why = cau_sentence("this program is built without libxml2, and cannot read XML");
    return NULL;
}

#endif
