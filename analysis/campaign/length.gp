# How long do runs take in each cell, and how sure is that?
#
# A line a cell: a dot at the median, a square at the length that nine in ten do not exceed, each with
# its 95 % interval, and a bar between them. An arrow: the interval is open. Called with the directory
# of settings.gp (rows, of_rows, ytics, plot_title) and data.txt, a CSV:
# row,policy,runs,p50 (value,low,high),p90 (value,low,high),...

dir = ARG1
load dir.'/settings.gp'
height = 120 + 20 * rows
plot_name = 'length'
width = 1000
load dir.'/terminal.gp'
set datafile separator ','
stats dir.'/data.txt' every ::1 \
      using (valid(9) ? $9 : valid(7) ? $7 : valid(6) ? $6 : valid(4) ? $4 : 0) nooutput name 'length'
last = length_max > 0 ? 1.05 * length_max : 1
set title plot_title.(rows < of_rows ? sprintf(' (the first %d of %d)', rows, of_rows) : '')
set yrange [rows - 0.4:-0.6]
set xrange [0:1.3 * last]
set xlabel 'minutes' textcolor rgb '#333333'
set grid xtics linetype 1 linewidth 0.5 linecolor rgb '#d0d0d0'
set border 1 linecolor rgb '#808080'
set key bottom right outside horizontal
set lmargin label_room
set style arrow 1 head filled size screen 0.008,20 linewidth 1.4 linecolor rgb '#1f4e8c'
set style arrow 2 head filled size screen 0.008,20 linewidth 1.4 linecolor rgb '#8c2f1f'

plot dir.'/data.txt' every ::1 using ($1 < rows ? $4 : NaN):1:($7 - $4):(0) with vectors nohead \
         linewidth 5 linecolor rgb '#c9d6e6' title '', \
     '' every ::1 using ($1 < rows && valid(4) && !valid(6) ? $4 : NaN):1:(last - $4):(0) \
         with vectors arrowstyle 1 title '', \
     '' every ::1 using ($1 < rows && valid(7) && !valid(9) ? $7 : NaN):1:(last - $7):(0) \
         with vectors arrowstyle 2 title '', \
     '' every ::1 using ($1 < rows ? $4 : NaN):1:(valid(5) ? $5 : $4):(valid(6) ? $6 : $4) \
         with xerrorbars pointtype 7 pointsize 0.6 \
         linewidth 1.4 linecolor rgb '#1f4e8c' title 'half of them end within', \
     '' every ::1 using ($1 < rows ? $7 : NaN):1:(valid(8) ? $8 : $7):(valid(9) ? $9 : $7) \
         with xerrorbars pointtype 5 pointsize 0.6 \
         linewidth 1.4 linecolor rgb '#8c2f1f' title 'nine in ten end within', \
     '' every ::1 using ($1 < rows && !valid(7) ? 1.3 * last : NaN):1: \
         (valid(4) ? 'one in ten: never' : 'half of them: never') with labels right \
         textcolor rgb '#8c2f1f' title ''
