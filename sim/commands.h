/* The simulator's commands; each is a main of its own. */
#ifndef SIM_COMMANDS_H
#define SIM_COMMANDS_H

int sim_cmd_simulate(int argc, char **argv);
int sim_cmd_scenario(int argc, char **argv);
int sim_cmd_campaign(int argc, char **argv);
int sim_cmd_tune(int argc, char **argv);
int sim_cmd_policy_set(int argc, char **argv);
int sim_cmd_policy_validate(int argc, char **argv);
int sim_cmd_policy_rare(int argc, char **argv);

/* The engine used when none is named: SimGrid where it is built in. */
const char *sim_default_engine(void);

#endif
