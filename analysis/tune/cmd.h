/* caucus tune report: the picture of what was tried. */
#ifndef ANALYSIS_TUNE_CMD_H
#define ANALYSIS_TUNE_CMD_H

int tune_cmd_report(int argc, char **argv);

#endif
