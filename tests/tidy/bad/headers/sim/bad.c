#include <cjson/cJSON.h>
#include <simgrid/actor.h>
