#include <simgrid/engine.h>
#include <libxml/parser.h>
