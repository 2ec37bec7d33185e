#include "real-backend/testbed/made.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

char *tb_package(const char *update_id)
{
    /* policy: two characters at least, the first one a letter or digit */
    bool plain = isalnum((unsigned char)update_id[0]) && update_id[1] != '\0';
    char *name = cau_sentence("%s%s", plain ? "" : "tb-", update_id);
    for (char *p = name; p != NULL && *p != '\0'; p++) {
        *p = (char)tolower((unsigned char)*p);
        if (!isalnum((unsigned char)*p) && *p != '+' && *p != '.') {
            *p = '-';
        }
    }
    return name;
}

bool tb_plugin_is_exec(const struct scenario *scenario, uint32_t plugin)
{
    const char *name = scenario->plugins[plugin].name;
    return strcmp(name, "exec") == 0 || (plugin > 0 && strcmp(name, "apt") != 0);
}

bool tb_update_on(const struct scenario_update *update, uint32_t node)
{
    bool on = update->node_count == 0;
    for (uint32_t i = 0; i < update->node_count; i++) {
        on |= update->nodes[i] == node;
    }
    return on;
}

void tb_add_seconds(struct cau_text *text, sim_nsec span)
{
    long long ms = (long long)((span + 999999) / 1000000);
    cau_text_printf(text, "%lld.%03lld", ms / 1000, ms % 1000);
}

void tb_add_install(struct cau_text *text, const struct scenario *scenario,
                    const struct scenario_update *update, const char *package)
{
    bool exec = tb_plugin_is_exec(scenario, update->plugin);
    cau_text_printf(text, "%s ", package);
    tb_add_seconds(text, update->install.a);
    if (update->fate == FATE_FAILS) {
        cau_text_say(text, " always");
    } else {
        cau_text_printf(text, " %u", update->failures);
    }
    cau_text_say(text, !update->restart ? " none" : exec ? " code" : " file");
}
