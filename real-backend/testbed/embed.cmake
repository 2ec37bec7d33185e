# Writes the files below texts/ into a C source, so that the program needs no files beside it:
#   cmake -DDIR=<this folder>/texts -DOUT=<file.c> -P embed.cmake
set(source "/* Made by embed.cmake from the files in texts. */\n#include \"real-backend/testbed/texts.h\"\n")
set(table "")
foreach(pair IN ITEMS node-init=usr/sbin/tb-init witness-init=usr/sbin/tb-witness
                      node-power=usr/sbin/reboot node-systemctl=usr/bin/systemctl
                      node-kexec=usr/sbin/kexec
                      fence_testbed=usr/sbin/fence_testbed)
    string(REGEX MATCH "^(.*)=(.*)$" _ "${pair}")
    set(path "${CMAKE_MATCH_2}")
    string(MAKE_C_IDENTIFIER "${CMAKE_MATCH_1}" name)
    file(READ "${DIR}/${CMAKE_MATCH_1}" bytes HEX)
    string(REGEX REPLACE "(..)" "0x\\1," bytes "${bytes}")
    string(REGEX REPLACE "(0x..,0x..,0x..,0x..,0x..,0x..,0x..,0x..,)" "\\1\n" bytes "${bytes}")
    string(APPEND source "\nstatic const unsigned char ${name}[] = {\n${bytes}};\n")
    string(APPEND table "    {\"${path}\", ${name}, sizeof ${name}},\n")
endforeach()
string(APPEND source "\nconst struct tb_text tb_texts[] = {\n${table}};\n"
       "const size_t tb_texts_count = sizeof tb_texts / sizeof *tb_texts;\n")
file(WRITE "${OUT}" "${source}")
