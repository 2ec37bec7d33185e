/* CAU's own profiles, as Export-Clixml writes them: the values, the escapes, the encodings, and
 * what is refused. */
#include "core/cli/options.h"
#include "scenarios/profile.h"

#include "tests/lib/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define HEAD                                                                                       \
    "<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">\n"       \
    "  <Obj RefId=\"0\">\n"                                                                        \
    "    <TN RefId=\"0\"><T>System.Collections.Hashtable</T><T>System.Object</T></TN>\n    "       \
    "<DCT>\n"
#define TAIL                 "    </DCT>\n  </Obj>\n</Objs>\n"
#define ENTRY(name, element) "<En><S N=\"Key\">" name "</S>" element "</En>\n"

/* Reads the text as a file; 0 or the sentence without the file's name. */
static char *read_text(const char *text, size_t size, struct cau_options *options)
{
    char path[] = "/tmp/caucus-clixml.XXXXXX", *why = NULL, *bare = NULL;
    int fd = mkstemp(path);

    CU_ASSERT_FATAL(fd >= 0 && write(fd, text, size) == (ssize_t)size);
    close(fd);
    if (scenario_profile_read(path, options, &why) != 0) {
        CU_ASSERT_FATAL(why != NULL && strncmp(why, path, strlen(path)) == 0);
        bare = strdup(why + strlen(path) + 2);
    }
    free(why);
    unlink(path);
    return bare;
}

static void test_values(void)
{
    static const char text[] = HEAD ENTRY("StopAfter", "<TS N=\"Value\">P1DT2H30M</TS>") ENTRY(
        "WarnAfter", "<Nil N=\"Value\" />") ENTRY("maxretriespernode", "<I32 N=\"Value\">5</I32>")
        ENTRY("RebootTimeoutMinutes", "<I32 N=\"Value\">20</I32>")
            ENTRY("RequireAllNodesOnline", "<B N=\"Value\">true</B>") ENTRY(
                "EnableFirewallRules",
                "<Obj N=\"Value\" RefId=\"1\"><TN RefId=\"1\">"
                "<T>System.Management.Automation.SwitchParameter</T></TN><ToString>True</ToString>"
                "<Props><B N=\"IsPresent\">true</B></Props></Obj>")
                ENTRY("PreUpdateScript",
                      "<S N=\"Value\">/srv/a_x0020_b_x00E9__xD83D__xDE00_&amp;_xD800_</S>")
                    ENTRY("CauPluginName", "<S N=\"Value\">Apt</S>")
                        ENTRY("CauPluginArguments",
                              "<Obj N=\"Value\" RefId=\"2\"><TNRef RefId=\"0\" /><DCT>" ENTRY(
                                  "QueryString", "<S N=\"Value\">IsInstalled=0</S>")
                                  ENTRY("Level", "<I32 N=\"Value\">2</I32>") "</DCT></Obj>") TAIL;
    struct cau_options options;
    char *why;

    CU_ASSERT_EQUAL_FATAL(cau_options_init(&options), 0);
    why = read_text(text, sizeof text - 1, &options);
    CU_ASSERT_PTR_NULL_FATAL(why);
    CU_ASSERT_EQUAL(options.policy.stop_after_ms, (26 * 60 + 30) * 60000);
    CU_ASSERT_EQUAL(options.policy.max_retries_per_node, 5);
    CU_ASSERT_EQUAL(options.policy.reboot_timeout_ms, 20 * 60000);
    CU_ASSERT_TRUE(options.policy.require_all_nodes_online);
    CU_ASSERT_TRUE(options.enable_firewall_rules);
    CU_ASSERT_STRING_EQUAL(options.pre_script, "/srv/a b\xc3\xa9\xf0\x9f\x98\x80&\xef\xbf\xbd");
    CU_ASSERT_EQUAL_FATAL(options.plugin_name_count, 1);
    CU_ASSERT_STRING_EQUAL(options.plugin_names[0], "Apt");
    CU_ASSERT_EQUAL_FATAL(options.plugin_argument_count, 1);
    CU_ASSERT_EQUAL_FATAL(options.plugin_arguments[0].count, 2);
    CU_ASSERT_STRING_EQUAL(options.plugin_arguments[0].pairs[1].value, "2");
    cau_options_done(&options);
}

/* An object with properties in place of a hash table, a list of names, in UTF-16 with a mark, as
 * Windows PowerShell writes files. */
static void test_object_in_utf16(void)
{
    static const char text[] =
        "<Objs Version=\"1.1.0.1\" xmlns=\"http://schemas.microsoft.com/powershell/2004/04\">"
        "<Obj RefId=\"0\"><TN RefId=\"0\"><T>System.Management.Automation.PSCustomObject</T></TN>"
        "<MS><I32 N=\"MaxFailedNodes\">1</I32><Obj N=\"NodeOrder\" RefId=\"1\"><TN RefId=\"1\">"
        "<T>System.String[]</T></TN><LST><S>b</S><S>a</S></LST></Obj></MS></Obj></Objs>";
    char wide[2 * sizeof text];
    struct cau_options options;
    size_t size = 0;
    char *why;

    wide[size++] = (char)0xff;
    wide[size++] = (char)0xfe;
    for (const char *p = text; *p; p++) {
        wide[size++] = *p;
        wide[size++] = '\0';
    }
    CU_ASSERT_EQUAL_FATAL(cau_options_init(&options), 0);
    why = read_text(wide, size, &options);
    CU_ASSERT_PTR_NULL_FATAL(why);
    CU_ASSERT_EQUAL(options.policy.max_failed_nodes, 1);
    CU_ASSERT_EQUAL_FATAL(options.node_order_count, 2);
    CU_ASSERT_STRING_EQUAL(options.node_order[0], "b");
    cau_options_done(&options);
}

static void test_refusals(void)
{
    static const struct {
        const char *text, *why;
    } bad[] = {
        {HEAD ENTRY("MaxRetriesPerNode", "<I32 N=\"Value\">65</I32>") TAIL,
         "max_retries_per_node: must be 0..64, is 65"},
        {HEAD ENTRY("MaxRetries", "<I32 N=\"Value\">5</I32>") TAIL,
         "MaxRetries: no such parameter"},
        {HEAD ENTRY("StopAfter", "<TS N=\"Value\">-PT1H</TS>") TAIL, "stop_after: "},
        {HEAD ENTRY("MaxFailedNodes", "<I32 N=\"Value\">1,2</I32>") TAIL,
         "MaxFailedNodes: <I32>1,2</I32> is no value of an option"},
        {HEAD ENTRY("MaxFailedNodes", "<SBK N=\"Value\">x</SBK>") TAIL,
         "MaxFailedNodes: <SBK>x</SBK> is no value of an option"},
        {HEAD ENTRY("Force", "<B N=\"Value\">True</B>") TAIL,
         "Force: <B>True</B> is no value of an option"},
        {HEAD ENTRY("MaxFailedNodes", "<I32 N=\"Value\">1.</I32>") TAIL,
         "MaxFailedNodes: <I32>1.</I32> is no value of an option"},
        {"<Objs><Obj><DCT/></Obj><Obj><DCT/></Obj></Objs>",
         "must be one hash table or object as Export-Clixml writes it"},
        {HEAD ENTRY("NodeOrder", "<Obj N=\"Value\" RefId=\"1\" />") TAIL,
         "NodeOrder: must be a value, a list or a hash table"},
        {HEAD ENTRY("Force", "<B N=\"Value\">true</B>") ENTRY("force", "<B N=\"Value\">true</B>")
             TAIL,
         "force: is there twice"},
        {HEAD "<En><S N=\"Key\">Force</S></En>" TAIL, "an entry must have a name and a value"},
        {HEAD ENTRY("SuspendNode", "<S N=\"Value\">a</S>")
             ENTRY("MaxFailedNodes", "<I32 N=\"Value\">1</I32>") TAIL,
         "max_failed_nodes: does not go with suspend_node"},
        {"<Objs><S>a</S></Objs>", "must be one hash table or object as Export-Clixml writes it"},
        {"<html></html>", "must be one hash table or object as Export-Clixml writes it"},
        {"<!DOCTYPE Objs [<!ENTITY a \"b\">]><Objs><Obj><DCT/></Obj></Objs>",
         "must be one hash table or object as Export-Clixml writes it"},
        {"<Objs>\n<Obj>\n</Objs>", "line 3: is no well-formed XML"},
    };

    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct cau_options options;
        char *why;

        CU_ASSERT_EQUAL_FATAL(cau_options_init(&options), 0);
        why = read_text(bad[i].text, strlen(bad[i].text), &options);
        CU_ASSERT_PTR_NOT_NULL(why);
        CU_ASSERT_FALSE(!why || strncmp(why, bad[i].why, strlen(bad[i].why)) != 0);
        if (!why || strncmp(why, bad[i].why, strlen(bad[i].why)) != 0)
            printf("\nexpected: %s\nis: %s\n", bad[i].why, why ? why : "taken");
        free(why);
        cau_options_done(&options);
    }
}

int main(void)
{
    static const struct unit_test tests[] = {
        {"values", test_values},
        {"object_in_utf16", test_object_in_utf16},
        {"refusals", test_refusals},
    };
    return UNIT_MAIN("clixml", tests);
}
