# What moves the length most?
#
# A bar a factor, from the smallest to the largest mean of the 90 % length over all cells that share
# one value of it. Called with the directory of settings.gp (rows, ytics) and data.txt, a CSV:
# row,low,high.

dir = ARG1
load dir.'/settings.gp'
height = 90 + 34 * rows
plot_name = 'sensitivity'
width = 1000
load dir.'/terminal.gp'
set datafile separator ','
set yrange [rows - 0.4:-0.6]
set xrange [0:*]
set xlabel 'minutes within which nine in ten runs are through, on average over the other factors' \
    textcolor rgb '#333333'
set grid xtics linetype 1 linewidth 0.5 linecolor rgb '#d0d0d0'
set border 1 linecolor rgb '#808080'
unset key
set lmargin 24
set style fill solid 1 noborder

plot dir.'/data.txt' every ::1 using (0):1:2:3:($1 - 0.3):($1 + 0.3) with boxxyerror \
         linecolor rgb '#7f9cc0', \
     '' every ::1 using 2:1:(sprintf('%.0f', $2)) with labels right offset -0.6,0, \
     '' every ::1 using 3:1:(sprintf('%.0f', $3)) with labels left offset 0.6,0
