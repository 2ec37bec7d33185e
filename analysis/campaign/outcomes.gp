# How do runs end in each cell?
#
# A line a cell, filled by the share of each outcome; the darker, the worse. Called with the directory
# of settings.gp (rows, of_rows, ytics, plot_title) and data.txt, a CSV whose columns 13 to 18 are the shares.

dir = ARG1
load dir.'/settings.gp'
height = 120 + 20 * rows
plot_name = 'outcomes'
width = 1000
load dir.'/terminal.gp'
set datafile separator ','
set title plot_title.(rows < of_rows ? sprintf(' (the first %d of %d)', rows, of_rows) : '')
set yrange [rows - 0.4:-0.6]
set xrange [0:100]
set xlabel 'percent of the runs' textcolor rgb '#333333'
set border 1 linecolor rgb '#808080'
set key bottom right outside horizontal
set lmargin label_room
set style fill solid 1 border rgb '#ffffff'

plot dir.'/data.txt' every ::1 \
         using (0):1:(0):($13 * 100):($1 - 0.38):($1 + 0.38) with boxxyerror \
         linecolor rgb '#bfe0c6' title 'Succeeded', \
     '' every ::1 using (0):1:($13 * 100):(($13 + $14) * 100):($1 - 0.38):($1 + 0.38) \
         with boxxyerror linecolor rgb '#e8c66a' title 'PartiallyFailed', \
     '' every ::1 using (0):1:(($13 + $14) * 100):(($13 + $14 + $15) * 100):($1 - 0.38):($1 + 0.38) \
         with boxxyerror linecolor rgb '#b5452f' title 'Failed', \
     '' every ::1 using (0):1:(($13 + $14 + $15) * 100):(($13 + $14 + $15 + $16) * 100): \
         ($1 - 0.38):($1 + 0.38) with boxxyerror linecolor rgb '#6d6d8f' title 'Canceled', \
     '' every ::1 using (0):1:(($13 + $14 + $15 + $16) * 100):((1 - $18) * 100): \
         ($1 - 0.38):($1 + 0.38) with boxxyerror linecolor rgb '#9aa0a6' title 'Refused', \
     '' every ::1 using (0):1:((1 - $18) * 100):(100):($1 - 0.38):($1 + 0.38) \
         with boxxyerror linecolor rgb '#222222' title 'NotEnded'
