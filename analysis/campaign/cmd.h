/* `caucus campaign report`. */
#ifndef CAMPAIGN_CMD_H
#define CAMPAIGN_CMD_H

int campaign_cmd_report(int argc, char **argv);

#endif
