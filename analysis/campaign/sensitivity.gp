# What moves the length most?
#
# A row a factor, a dot a level of it: the median, over all cells of that level, of the length that nine
# in ten runs do not exceed. Hollow: one of these cells never gets so far; at the right end:
# half of them never do. Called with the directory of settings.gp (rows, levels, tics, plot_title) and
# data.txt, a CSV: row,cells,never,p90,chance,factor,level.

dir = ARG1
load dir.'/settings.gp'
height = 150 + 44 * rows
plot_name = 'sensitivity'
width = 640 + 8 * note_room
load dir.'/terminal.gp'
set datafile separator ','
stats dir.'/data.txt' every ::1 using (valid(4) ? $4 : 0) nooutput name 'length'
stats dir.'/data.txt' every ::1 using 3 nooutput name 'never'
x_never = length_max > 0 ? 1.15 * length_max : 1
set title plot_title offset 0,0.6
set yrange [rows - 0.4:-0.6]
set y2range [rows - 0.4:-0.6]
set xrange [0:1.06 * x_never]
if (never_max > 0) {
    set label 'never' at x_never, graph 1.05 center textcolor rgb '#8c2f1f'
    set arrow from x_never, graph 0 to x_never, graph 1 nohead dashtype (2,4) linecolor rgb '#8c2f1f'
}
set xlabel 'minutes within which nine in ten runs are through; a dot for each of the '.levels \
    textcolor rgb '#333333'
set grid xtics linetype 1 linewidth 0.5 linecolor rgb '#d0d0d0'
set border 1 linecolor rgb '#808080'
set tics nomirror
set key bottom left outside horizontal width -2
set lmargin label_room
set rmargin note_room
set bmargin 8

plot for [r = 0:rows - 1] dir.'/data.txt' every ::1 \
         using ($1 == r && $2 > 0 ? (valid(4) ? $4 : x_never) : NaN):1 with lines linewidth 3 \
         linecolor rgb '#c9d6e6' title '', \
     '' every ::1 using ($3 == 0 && $2 > 0 ? $4 : NaN):1 with points pointtype 7 pointsize 1.1 \
         linecolor rgb '#1f4e8c' title 'level', \
     '' every ::1 using ($3 > 0 && valid(4) ? $4 : NaN):1 with points pointtype 6 pointsize 1.3 \
         linewidth 2 linecolor rgb '#8c2f1f' title (never_max > 0 ? 'one of its cells is never through' : ''), \
     '' every ::1 using ($3 > 0 && !valid(4) ? x_never : NaN):1 with points pointtype 9 pointsize 1.5 \
         linecolor rgb '#8c2f1f' title (never_max > 0 ? 'half of them never are' : '')
