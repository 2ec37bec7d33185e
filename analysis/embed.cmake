# Writes the templates into a C source, so that an installed program needs no files beside it:
#   cmake -DDIR=<this folder> -DOUT=<file.c> -P embed.cmake
# Bytes, not string literals: nothing to quote, no limit on length.
set(source "/* Made by embed.cmake from the .gp files. */\n#include \"analysis/plot.h\"\n")
file(GLOB templates RELATIVE "${DIR}" "${DIR}/*.gp" "${DIR}/*/*.gp")
foreach(template IN LISTS templates)
    string(REGEX REPLACE "[/.]" "_" name "${template}")
    file(READ "${DIR}/${template}" bytes HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
    string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes "${bytes}")
    string(APPEND source "\nconst unsigned char analysis_${name}[] = {\n${bytes}0};\n")
endforeach()
file(WRITE "${OUT}" "${source}")
