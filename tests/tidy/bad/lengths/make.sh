# A file that is one line too long, and one that is just not.
mkdir sim
for lines in 700 701; do
    awk -v lines=$lines 'BEGIN { for (i = 1; i <= lines; i++) print "/* line " i " */" }' >sim/$lines.c
done
