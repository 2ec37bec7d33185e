# Which node was out of service when, what was the time spent on or waited for, and which faults
# fell into it?
#
# A lane per node, time to the right. The height says how disruptive it was: a thin line waits for
# its turn, a low bar works on a node that is in service, a tall bar is a node out of service. What
# holds a node back is cross-hatched, so that waiting never looks like work. Called with the
# directory of settings.gp (lanes, labels, legend, colours) and data.txt (blocks of numbers: bands,
# solid bars, hatched bars, marks).

dir = ARG1
load dir.'/settings.gp'
plot_name = 'timeline'
load dir.'/terminal.gp'

set lmargin at screen plot_left
set rmargin at screen plot_right
set tmargin at screen plot_top
set bmargin at screen plot_bottom
set xrange [0:x_end]
set yrange [lanes:0]
set xtics 0,x_step nomirror out scale 0.6 textcolor rgb '#333333'
set xlabel x_text offset 0,0.4 textcolor rgb '#333333'
set grid xtics noytics linetype 1 linewidth 0.5 linecolor rgb '#d0d0d0'
unset ytics
unset key
set border 1 linecolor rgb '#808080'

# An empty list is still looked into once, while the loop over it is read.
colour(list,i) = i <= words(list) ? word(list,i) : 'black'
number(list,i) = i <= words(list) ? 0+word(list,i) : 0

plot for [i=1:words(band_colours)] dir.'/data.txt' index (i-1) \
         using 1:(0):1:2:(0):(lanes) with boxxyerror \
         fillstyle solid noborder linecolor rgb colour(band_colours,i), \
     for [i=1:words(solid_colours)] dir.'/data.txt' index (solid_first+i-1) \
         using 1:3:1:2:3:4 with boxxyerror linewidth 0.6 \
         fillstyle solid border linecolor rgb '#404040' fillcolor rgb colour(solid_colours,i), \
     for [i=1:words(hatch_colours)] dir.'/data.txt' index (hatch_first+i-1) \
         using 1:3:1:2:3:4 with boxxyerror linewidth 0.8 \
         fillstyle pattern (number(hatch_patterns,i)) border linecolor rgb colour(hatch_colours,i) \
         fillcolor rgb colour(hatch_colours,i), \
     for [i=1:words(mark_colours)] dir.'/data.txt' index (mark_first+i-1) \
         using 1:2:(0):($3-$2) with vectors nohead linewidth 1 linecolor rgb colour(mark_colours,i), \
     for [i=1:words(mark_colours)] dir.'/data.txt' index (mark_first+i-1) \
         using 1:2 with points pointtype (number(mark_points,i)) pointsize mark_size \
         linewidth 1.4 linecolor rgb colour(mark_colours,i), \
     NaN
