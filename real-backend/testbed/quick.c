/* A scenario for who just wants a cluster: `up --nodes N --sites K`. */
#include "core/shell/text.h"
#include "real-backend/testbed/up.h"

/* Two nodes keep quorum only by two_node. Each node runs a role of its own, the first one a
 * promoted one besides. */
char *tb_quick_scenario(unsigned nodes, unsigned sites)
{
    struct cau_text text;
    cau_text_init(&text);
    cau_text_printf(&text,
                    "{\n  \"caucus\": 1,\n  \"name\": \"testbed\",\n"
                    "  \"note\": \"%u nodes at %u sites, to try things out.\",\n"
                    "  \"cluster\": {\"name\": \"testbed\", \"fencing\": {\"delay\": \"1s\"}%s},\n"
                    "  \"sites\": %u,\n"
                    "  \"node_defaults\": {\"boot\": \"3s\", \"shutdown\": \"1s\", "
                    "\"startup\": \"1s\"},\n  \"nodes\": [",
                    nodes, sites, nodes == 2 ? ", \"quorum\": {\"two_node\": true}" : "", sites);
    for (unsigned i = 0; i < nodes; i++) {
        cau_text_printf(&text, "%s\n    {\"name\": \"node%u\", \"site\": \"site%u\"}",
                        i == 0 ? "" : ",", i + 1, i * sites / nodes + 1);
    }
    cau_text_say(&text, "\n  ],\n  \"roles\": [\n    {\"name\": \"db\", \"node\": \"node1\", "
                        "\"promoted\": true, "
                        "\"stop\": \"1s\", \"start\": \"1s\"}");
    for (unsigned i = 0; i < nodes; i++) {
        cau_text_printf(&text,
                        ",\n    {\"name\": \"web%u\", \"node\": \"node%u\", \"stop\": \"1s\", "
                        "\"start\": \"1s\"}",
                        i + 1, i + 1);
    }
    cau_text_say(&text, "\n  ],\n  \"plugins\": [{\"name\": \"apt\"}],\n  \"updates\": [\n"
                        "    {\"id\": \"tb-app\", \"install\": \"1s\", \"size\": \"200kB\"},\n"
                        "    {\"id\": \"tb-slow\", \"install\": \"5s\"},\n"
                        "    {\"id\": \"tb-kernel\", \"install\": \"2s\", \"restart\": true}\n"
                        "  ]\n}\n");
    return cau_text_take(&text);
}
