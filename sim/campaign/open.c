#include "sim/campaign/open.h"

#include "core/cli/talk.h"
#include "core/shell/exit.h"

#include <errno.h>

int campaign_wrong(const char *word, const char *what)
{
    cau_say("campaign", "%s: %s", word, what);
    return CAU_EXIT_USAGE;
}

int campaign_say_why(char *why, int code)
{
    return cau_say_why("campaign", why, why == NULL ? CAU_EXIT_INTERNAL : code);
}

void campaign_close(struct open_campaign *c)
{
    store_close(c->store);
    design_done(&c->design);
    campaign_free(c->campaign);
}

int campaign_lay_out(struct open_campaign *c, char **reterr_why)
{
    return c->campaign == NULL ? -EINVAL : design_init(&c->design, c->campaign, reterr_why);
}

int campaign_open_plan(struct open_campaign *c, const char *path)
{
    char *why = NULL;
    *c = (struct open_campaign){.campaign = folder_campaign(path, &why)};
    return campaign_lay_out(c, &why) == 0 ? 0 : campaign_say_why(why, CAU_EXIT_INPUT);
}

int campaign_open(struct open_campaign *c, const char *path)
{
    char *why = NULL;
    int code = campaign_open_plan(c, path);
    if (code == 0 && (c->store = folder_store(path, &why)) == NULL) {
        code = campaign_say_why(why, CAU_EXIT_INPUT);
    }
    return code;
}
