#include "sim/requirement.h"

#include "core/cli/units.h"
#include "core/shell/text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static char *no_event(const char *name)
{
    struct cau_text text;
    cau_text_init(&text);
    cau_text_printf(&text, "%s is no event; they are", name);
    for (uint32_t i = 0; i < CAMPAIGN_EVENTS; i++) {
        cau_text_printf(&text, " %s,", campaign_event_words.list[i]);
    }
    cau_text_say(&text, " longer:TIME");
    return cau_text_take(&text);
}

/* The event between the brackets. */
static int read_event(const char *name, struct sim_requirement *ret, char **reterr_why)
{
    static const char longer[] = "longer:";
    ret->event = CAMPAIGN_EVENTS;
    for (uint32_t i = 0; i < CAMPAIGN_EVENTS; i++) {
        ret->event = strcmp(campaign_event_words.list[i], name) == 0 ? i : ret->event;
    }
    bool known = ret->event < CAMPAIGN_EVENTS ||
                 (strncmp(name, longer, strlen(longer)) == 0 &&
                  cau_duration_read(name + strlen(longer), false, &ret->limit) == 0);
    if (!known) {
        *reterr_why = no_event(name);
    }
    return known ? 0 : -EINVAL;
}

int sim_requirement_read(const char *text, bool may_own, struct sim_requirement *ret,
                         char **reterr_why)
{
    char name[64] = "", unit[2] = "";
    int end = 0;
    *ret = (struct sim_requirement){.text = text};
    if (may_own) {
        sscanf(text, " P ( %63[^) ] ) <= own %n", name, &end);
        ret->own = end > 0 && text[end] == '\0';
    }
    if (ret->own) {
        return read_event(name, ret, reterr_why);
    }
    end = 0;
    if (sscanf(text, " P ( %63[^) ] ) < %lf %1[%] %n", name, &ret->below, unit, &end) < 3) {
        end = 0;
        sscanf(text, " P ( %63[^) ] ) < %lf %n", name, &ret->below, &end);
    }
    if (end == 0 || text[end] != '\0') {
        *reterr_why = cau_sentence("must be P(EVENT)<X, like 'P(quorum_lost)<1e-4', is %s", text);
        return -EINVAL;
    }
    ret->below /= unit[0] == '%' ? 100 : 1;
    if (!(ret->below >= SIM_REQUIREMENT_LEAST && ret->below < 1)) {
        *reterr_why =
            cau_sentence("X must be at least 1e-6 and less than 1, as in P(EVENT)<X, is %s", text);
        return -EINVAL;
    }
    return read_event(name, ret, reterr_why);
}

bool sim_requirement_happened(const struct sim_requirement *requirement, uint32_t events,
                              sim_nsec length)
{
    return requirement->event == CAMPAIGN_EVENTS ? length > requirement->limit
                                                 : (events >> requirement->event & 1u) != 0;
}
