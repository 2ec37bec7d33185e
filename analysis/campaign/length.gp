# How long do runs take in each cell, and how sure is that?
#
# A line a cell: a dot at the median, a square at the length that nine in ten do not exceed, each with
# its 95 % interval, and a bar between them. Called with the directory of settings.gp (rows, of_rows,
# ytics) and data.txt, a CSV: row,policy,runs,p50 (value,low,high),p90 (value,low,high),...

dir = ARG1
load dir.'/settings.gp'
height = 90 + 20 * rows
plot_name = 'length'
width = 1000
load dir.'/terminal.gp'
set datafile separator ','
set title (rows < of_rows ? sprintf('the first %d of %d cells', rows, of_rows) : '') offset 0,-0.6
set yrange [rows - 0.4:-0.6]
set xrange [0:*]
set xlabel 'minutes' textcolor rgb '#333333'
set grid xtics linetype 1 linewidth 0.5 linecolor rgb '#d0d0d0'
set border 1 linecolor rgb '#808080'
set key top right outside horizontal
set lmargin label_room

plot dir.'/data.txt' every ::1 using ($1 < rows ? $4 : NaN):1:($7 - $4):(0) with vectors nohead \
         linewidth 5 linecolor rgb '#c9d6e6' title '', \
     '' every ::1 using ($1 < rows ? $4 : NaN):1:5:6 with xerrorbars pointtype 7 pointsize 0.6 \
         linewidth 1.4 linecolor rgb '#1f4e8c' title 'half of them end within', \
     '' every ::1 using ($1 < rows ? $7 : NaN):1:8:9 with xerrorbars pointtype 5 pointsize 0.6 \
         linewidth 1.4 linecolor rgb '#8c2f1f' title 'nine in ten end within'
